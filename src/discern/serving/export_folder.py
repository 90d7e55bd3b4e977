"""Functions that write an exported model to a folder."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from discern._version import __version__
from discern.atomic import atomic_write, is_unfinished
from discern.errors import UsageError
from discern.picture import read_bounded
from discern.serving.target import Export

MANIFEST = "export.json"

_MAX_BYTES = 16 << 20


def write_export(folder: Path, export: Export, *, target: str, model: Mapping[str, str]) -> None:
    """Write an exported model to a folder and replace any earlier export in it.

    Files of the earlier export that this one lacks are removed; other files are never overwritten.

    Args:
        folder: directory to write to; created if needed.
        export: files to write.
        target: name of the export's target.
        model: name, version and fingerprint of the model.

    Raises:
        UsageError: the folder contains files that no export of this target wrote.
    """
    files, before = export.files, _earlier_files(folder, target)
    _require_free(folder, [*files, MANIFEST], before)
    facts = {"format": 1, "target": target, "door": export.door, "model": dict(model), "discern": __version__}
    # Written first and last: an interrupted export is marked as incomplete, and the next one knows its files.
    _write_manifest(folder, facts | {"whole": False, "sha256": dict.fromkeys([*before, *files])})
    _remove_unfinished({(folder / name).parent for name in [*before, *files]})
    for name, data in files.items():
        _write(folder / name, data)
    for name in before - files.keys():
        (folder / name).unlink(missing_ok=True)
    hashes = {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)}
    _write_manifest(folder, facts | {"whole": True, "sha256": hashes})


def _write_manifest(folder: Path, facts: Mapping[str, Any]) -> None:
    _write(folder / MANIFEST, json.dumps(facts, indent=1).encode())


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as temporary:
        temporary.write_bytes(data)


def _remove_unfinished(folders: Iterable[Path]) -> None:
    """Remove the temporary files of an interrupted export."""
    for folder in folders:
        for path in folder.glob(".*"):
            if is_unfinished(path.name):
                path.unlink(missing_ok=True)


def _earlier_files(folder: Path, target: str) -> set[str]:
    """Return the files inside the folder that an earlier export to the same target left there."""
    try:
        facts = json.loads(read_bounded(folder / MANIFEST, max_bytes=_MAX_BYTES))
        if facts["target"] != target:
            return set()
        names = set(map(str, facts["sha256"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return set()
    home = folder.resolve()
    return {name for name in names if "\0" not in name and (folder / name).resolve().is_relative_to(home)}


def _require_free(folder: Path, names: list[str], before: set[str]) -> None:
    hint = "Choose a new or empty folder; only an earlier export is replaced."
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is not a folder.", hint=hint)
    present = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    if not before and any(not name.startswith(".") for name in present):
        raise UsageError(f"{folder} contains other files, such as {min(present)}.", hint=hint)
    taken = [name for name in names if name not in {*before, MANIFEST} and (folder / name).exists()]
    if taken:
        raise UsageError(f"{folder / taken[0]} exists already and is not part of an earlier export.", hint=hint)
