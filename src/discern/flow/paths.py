"""Functions that validate and expand paths given by the user."""

import os
from pathlib import Path

from discern.buckets.mirror import fetch
from discern.bundle.url_paths import local_path, reject_address
from discern.errors import UsageError, overlong_path
from discern.store import default_folder


def resolve_path(path: str | Path, *, written: bool = False) -> Path:
    """Return the absolute path for a path, or a `file:` URL, given by the user, with `~` expanded.

    For an address in a bucket it is the path of a local copy.

    Args:
        path: the path.
        written: whether something will be written there, for the hint of an error.

    Raises:
        UsageError: the path is empty, as from an unset variable of a script, contains a null character, or is another
            URL or something else; or the bucket cannot be read.
    """
    if not isinstance(path, str | os.PathLike):
        raise UsageError(
            f"A path must be text or a `pathlib.Path`, not {type(path).__name__}.",
            hint="Pass the path of a file or a folder.",
        )
    text = local_path(os.fsdecode(path if written else fetch(path)))
    reject_address(text, written=written)
    if problem := overlong_path(text):
        raise UsageError(problem, hint="Pass the path of a file or a folder.")
    if text == "" or "\0" in text:
        raise UsageError(f"Invalid path: {text!r}.", hint="Pass the path of a file or a folder.")
    return Path(os.path.abspath(os.path.expanduser(text)))  # noqa: PTH100, PTH111 - pathlib raises for an unknown user


def resolve_output(path: str | Path) -> Path:
    """Return the absolute path for an output given by the user, as `resolve_path`.

    Raises:
        UsageError: as `resolve_path`, or the path is not valid UTF-8, so that tables cannot be written there.
    """
    resolved = resolve_path(path, written=True)
    try:
        str(resolved).encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"The path {str(resolved)!a} is not valid UTF-8, and nothing is written there.",
            hint="Choose another name for the output, or rename the folder.",
        ) from error
    return resolved


def cache_folder(cache: str | Path | None) -> Path:
    """Return the given cache directory, or the default one if none is given."""
    return default_folder() if cache is None else resolve_path(cache, written=True)


def is_folder(path: Path) -> bool:
    """Return True if a path is a directory that can be accessed."""
    try:
        return path.is_dir()
    except OSError:
        return False


def is_file(path: Path) -> bool:
    """Return True if a path is a regular file that can be accessed."""
    try:
        return path.is_file()
    except OSError:
        return False
