"""Risk control and conformal prediction sets based on calibrated probabilities."""
