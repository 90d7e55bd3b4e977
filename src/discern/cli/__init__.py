"""Command-line interface: parse arguments, call one function of `flow`, print the result as text or JSON."""

from discern.cli.app import main

__all__ = ["main"]
