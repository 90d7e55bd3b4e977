"""Data quality checks: one function each, whose name is the check's id."""
