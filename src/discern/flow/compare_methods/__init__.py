"""Comparison of training methods that are trained for it on the same parts of a data set."""
