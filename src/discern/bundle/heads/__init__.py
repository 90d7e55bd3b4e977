"""Heads and unknown scorer as plain arrays: computed by numpy here and by the bundle's graph."""
