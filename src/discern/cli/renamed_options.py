"""Old option names that still work for one release."""

import typer

_NEW_NAMES = {
    "open": "no-auth",
    "behind": "trusted-proxies",
    "patience": "request-timeout",
    "rate": "rate-limit",
    "queue": "max-queue",
}


def current_name(option: str) -> str:
    """Map an option of `discern serve`, without its dashes, to its current name; warn about an old one.

    >>> current_name("port")
    'port'
    """
    new = _NEW_NAMES.get(option)
    if new is None:
        return option
    typer.echo(f"discern: --{option} is deprecated and will be removed; use --{new}.", err=True)
    return new
