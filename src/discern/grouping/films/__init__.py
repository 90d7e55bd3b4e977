"""Modules that find films and bursts among images with numbered file names."""
