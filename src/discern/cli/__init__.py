"""Command line: arguments to function calls, results to text or JSON; no decisions."""

from discern.cli.app import main

__all__ = ["main"]
