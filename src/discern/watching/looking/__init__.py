"""Looks at captured exchanges: read what is new, measure it, and keep the state for the next look."""
