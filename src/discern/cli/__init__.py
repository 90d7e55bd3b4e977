"""Words to calls, results to words; no decisions."""

from discern.cli.app import main

__all__ = ["main"]
