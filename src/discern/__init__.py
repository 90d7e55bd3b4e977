"""Point it at pictures. Get a classifier you can trust, serve anywhere, and improve from its own traffic."""

from discern._version import __version__

__all__ = ["__version__"]
