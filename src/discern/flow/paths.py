"""Paths as people give them."""

import os
from pathlib import Path

from discern.errors import UsageError
from discern.store import default_folder


def resolve_path(given: str | Path) -> Path:
    """The absolute path that a person means; "~" is the home folder.

    Raises:
        UsageError: it is no path; an empty one is most often a script's variable that was never set.
    """
    text = str(given)
    if given == "" or "\0" in text:
        raise UsageError(f"{text!r} is no path.", hint="Name a file or a folder.")
    return Path(os.path.abspath(os.path.expanduser(text)))  # noqa: PTH100, PTH111 - pathlib fails on a user unknown


def cache_folder(given: str | Path | None) -> Path:
    """Where computed things are kept: as given, else the user's cache folder."""
    return default_folder() if given is None else resolve_path(given)


def is_folder(path: Path) -> bool:
    """Whether it is a folder, as far as can be told."""
    try:
        return path.is_dir()
    except OSError:
        return False
