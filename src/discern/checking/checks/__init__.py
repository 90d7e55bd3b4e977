"""Data quality checks, one function for each check."""
