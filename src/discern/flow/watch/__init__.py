"""Workflows on the captured traffic of a served model: `discern watch` and `discern forget`."""
