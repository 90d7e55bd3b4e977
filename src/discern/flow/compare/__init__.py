"""Comparison of several training runs on the pictures that all of them held out."""
