"""Keys of the ASGI scope that are set by `RequestGuard`."""

REQUEST_ID = "discern.request_id"
"""The request's id, a string."""

CLIENT = "discern.client"
"""The client: `key:` and the name of an API key, or a network address."""

CLIENT_ID = "discern.client_id"
"""The request's id if its client gave one, a string; otherwise None."""

HOLD_BYTES = "discern.hold"
"""A function that counts bytes fetched for the request as held in memory; it raises `Overloaded` above the limit."""

COUNT_PICTURES = "discern.count"
"""An asynchronous function that checks a number of pictures against the client's rate limit, before they are used."""
