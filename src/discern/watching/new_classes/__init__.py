"""Functions that find new classes in the traffic."""
