"""Support for deprecated names of command-line options."""

import typer

_NEW_NAMES = {
    "open": "no-auth",
    "behind": "trusted-proxies",
    "patience": "request-timeout",
    "rate": "rate-limit",
    "queue": "max-queue",
}


def current_name(option: str) -> str:
    """Return the current name of a command-line option and warn if the given name is deprecated.

    >>> current_name("port")
    'port'
    """
    new = _NEW_NAMES.get(option)
    if new is None:
        return option
    typer.echo(f"discern: --{option} is deprecated and will be removed; use --{new}.", err=True)
    return new
