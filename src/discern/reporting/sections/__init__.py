"""Modules that build the sections of the HTML report."""
