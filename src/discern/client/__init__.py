"""HTTP client for a Discern server, with the same predictions and errors as a local bundle."""

from discern.client.clients import AsyncClient, Client

__all__ = ["AsyncClient", "Client"]
