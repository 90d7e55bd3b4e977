"""Guarantees from calibrated probabilities: risk control and conformal prediction sets."""
