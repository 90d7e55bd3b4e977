"""Systems that run whole on Discern, from their raw data to their deployed answer."""
