"""Other servers, each set up as in its own documentation; run by an interpreter that has them installed."""
