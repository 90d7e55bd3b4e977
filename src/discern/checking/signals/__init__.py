"""Measurements of images and labels that several data quality checks use."""
