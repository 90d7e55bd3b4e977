"""Client of a Discern server: the same predictions and the same errors as a local bundle."""

from discern.client.clients import AsyncClient, Client

__all__ = ["AsyncClient", "Client"]
