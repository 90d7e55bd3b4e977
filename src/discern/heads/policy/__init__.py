"""From calibrated probabilities to guarantees: risk control for accepted answers, conformal sets of labels."""
