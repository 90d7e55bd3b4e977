"""Entry point of `python -m discern`, equivalent to the `discern` command."""

from discern.cli import main

main()
