"""Other servers and trainers, set up as in their own documentation; run by an interpreter that has them installed."""
