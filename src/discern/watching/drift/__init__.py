"""Drift detection by tests that hold at any time: conformal test martingales and a two-sample classifier."""
