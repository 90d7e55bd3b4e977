"""Output folder of a plan, which replaces an earlier plan of the same target but no other file."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from discern._version import __version__
from discern.atomic import atomic_folder
from discern.errors import UsageError
from discern.picture import read_bounded

RECORD = "ship.json"
"""Name of the file that lists the files of a plan and their digests."""

_HINT = "Choose a new or empty folder; only an unchanged earlier plan of the same target is replaced."
_MAX_BYTES = 16 << 20


@contextmanager
def plan_folder(out: Path, target: str) -> Iterator[Path]:
    """Context manager for writing the files of a plan: all of them or none.

    Args:
        out: folder to write; an unchanged earlier plan of the same target is replaced.
        target: name of the target.

    Raises:
        UsageError: the folder cannot be written, or contains other files or edited ones.
    """
    require_replaceable(out, target)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with atomic_folder(out) as folder:
            yield folder
            record = {"format": 1, "target": target, "discern": __version__, "sha256": _digests(folder)}
            (folder / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
            require_replaceable(out, target)
            if out.is_dir():
                shutil.rmtree(out)
    except OSError as error:
        hint = "Free disk space, or choose another place with --out."
        raise UsageError(f"{out} cannot be written: {error.strerror or error}.", hint=hint) from error


def require_replaceable(out: Path, target: str) -> None:
    """Raise UsageError unless a folder is missing, empty, or an unchanged earlier plan of a target."""
    for above in (out, *out.parents):
        if above.exists() and not above.is_dir():
            raise UsageError(f"{above} is not a folder.", hint=_HINT)
    if not out.is_dir() or not any(out.iterdir()):
        return
    known = _recorded(out, target)
    present = _digests(out)
    if others := sorted(present.keys() - known.keys()):
        raise UsageError(f"{out} contains other files, such as {others[0]}.", hint=_HINT)
    if edited := sorted(name for name, digest in present.items() if known[name] != digest):
        raise UsageError(f"{out / edited[0]} was edited since it was planned.", hint="Choose another folder.")


def _recorded(out: Path, target: str) -> dict[str, Any]:
    """Return the digests of the files that an earlier plan of the same target has written."""
    try:
        record = json.loads(read_bounded(out / RECORD, max_bytes=_MAX_BYTES))
        return dict(record["sha256"]) if record["target"] == target else {}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}


def _digests(folder: Path) -> dict[str, str]:
    """Return the digest of each file in a folder by its relative path, without the record's own."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    digests = {path.relative_to(folder).as_posix(): _digest(path) for path in paths}
    return {name: digest for name, digest in digests.items() if name != RECORD}


def _digest(path: Path) -> str:
    if path.is_symlink():
        return "link"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
