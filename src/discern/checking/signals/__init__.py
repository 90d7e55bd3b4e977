"""Measurements shared by several data quality checks."""
