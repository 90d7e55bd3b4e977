"""Bicycle or motorcycle at the loading bay: a classifier behind a filter in a state machine."""
