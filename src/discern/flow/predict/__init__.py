"""Classification of pictures from files, folders, archives and standard input."""
