"""Other servers, each set up as its own documentation does it; run with a Python that has them installed."""
