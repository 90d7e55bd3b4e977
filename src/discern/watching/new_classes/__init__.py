"""Functions that find new classes among unknown pictures."""
