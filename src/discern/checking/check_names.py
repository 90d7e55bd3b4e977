"""Function that refuses names of checks that do not exist."""

import difflib
from collections.abc import Iterable

from discern.errors import UsageError


def unknown_check(name: str, known: Iterable[str], *, remedy: str) -> UsageError:
    """Return the error that there is no check of a name, with the nearest name in its hint.

    Args:
        name: the name that was given.
        known: names of the checks.
        remedy: names that may be used, in a sentence.
    """
    close = difflib.get_close_matches(name, list(known), n=1)
    meant = f"Did you mean {close[0]}? " if close else ""
    return UsageError(f"There is no check {name!r}.", hint=f"{meant}{remedy}")
