"""Entry point of `python -m discern`, equal to the command `discern`."""

from discern.cli import main

main()
