"""Ripeness of a banana, if it is one at all."""
