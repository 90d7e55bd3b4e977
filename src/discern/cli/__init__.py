"""Command-line interface: parse arguments, call one function of `flow`, print the result as text or JSON."""

import sys

from discern.cli.interruption import forget_interrupt

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit the process with its exit code.

    The codes are 0 for success, 1 for a result below expectations, 2 for an error and 130 for an interruption.

    Args:
        arguments: command-line arguments; None for those of the process.
    """
    try:
        from discern.cli.app import run  # Ctrl-C may come while this imports

        run(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:
        forget_interrupt()
        if sys.stderr is not None:
            sys.stderr.write("discern: interrupted.\n")
        sys.exit(130)
