"""Shared measurements for the data quality checks."""
