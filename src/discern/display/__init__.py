"""Display of results and progress in notebooks and terminals."""
