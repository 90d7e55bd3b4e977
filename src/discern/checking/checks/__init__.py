"""The checks, one function each; its name is its id."""
