"""Search for the best training options, on held-out groups of the training part (`discern tune`)."""
