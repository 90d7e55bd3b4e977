"""Entry point of `python -m discern`."""

from discern.cli import main

main()
