"""Number of objects in a bin: models of rendered bins, compared and behind one server."""
