"""How many objects are in the bin? Models of rendered bins, compared and behind one server."""
