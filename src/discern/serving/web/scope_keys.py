"""What the gate tells the doors about a request, by its scope."""

REQUEST_ID = "discern.request_id"
"""The request's id, text."""

HOLD = "discern.hold"
"""A function that takes bytes into account which were fetched for the request; raises `Overloaded`."""
