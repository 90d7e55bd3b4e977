"""Detection of pictures that show overlapping parts of one source, such as tiles of a slide."""
