"""Asks a Discern server as if the model were here: the same answers, and the same errors."""

from discern.client.clients import AsyncClient, Client

__all__ = ["AsyncClient", "Client"]
