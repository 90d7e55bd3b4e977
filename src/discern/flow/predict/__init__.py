"""`discern predict`: predictions for files, folders, patterns, lists, archives and standard input."""
