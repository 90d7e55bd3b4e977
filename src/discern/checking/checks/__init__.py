"""Data quality checks, each implemented as one function.

The name of the function is the id of the check.
"""
