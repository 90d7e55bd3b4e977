"""`discern evaluate`: evaluation of bundles and servers on labelled pictures."""
