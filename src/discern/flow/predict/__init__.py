"""Functions that classify images from files, folders, archives and standard input."""
