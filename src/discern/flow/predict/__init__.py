"""`discern predict`: predictions for pictures named in every usual way."""
