"""Risk control and conformal prediction sets."""
