"""`discern evaluate`: measures a bundle, or a server, on other pictures."""
