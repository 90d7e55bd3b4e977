"""Functions that control the error rate of accepted predictions and fit conformal prediction sets."""
