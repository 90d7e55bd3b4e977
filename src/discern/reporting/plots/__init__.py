"""Figures on the pictures of a data set, for pages and slides."""
