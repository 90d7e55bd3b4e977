"""Functions that find training pictures by the first bytes of their digests."""

import hashlib
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any

from discern.catalog.formats.folder_walk import FolderWalk
from discern.errors import PictureError
from discern.flow.watch.watch_images import small_image
from discern.picture import Limits, read_bounded
from discern.progress import Progress
from discern.reporting.gallery import PageImage


def nearest_images(folder: Path, nearest: Mapping[str, Sequence[str]], *, progress: Progress) -> dict[str, PageImage]:
    """Return the training picture nearest to each exchange, made small, for those that lie in a folder.

    Args:
        folder: folder of the training pictures, with nested folders.
        nearest: for each exchange, the first bytes of the SHA-256 digests of the nearest files, hexadecimal, in order.
        progress: called with the stage and the number of files that were read.
    """
    wanted = {prefix for prefixes in nearest.values() for prefix in prefixes}
    found = _find(folder, wanted, progress=progress)
    images: dict[str, PageImage] = {}
    for exchange, prefixes in nearest.items():
        path = next((found[prefix] for prefix in prefixes if prefix in found), None)
        image = None if path is None else _small(path, folder)
        if image is not None:
            images[exchange] = image
    return images


def nearest_prefixes(evidence: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the digests of the training pictures nearest to each example of an alarm, by the exchange's identifier."""
    nearest: Sequence[Mapping[str, Any]] = evidence.get("nearest") or ()
    return {each["id"]: [picture["content"] for picture in each["pictures"]] for each in nearest}


def _find(folder: Path, wanted: Set[str], *, progress: Progress) -> dict[str, Path]:
    lengths, found = {len(prefix) for prefix in wanted}, dict[str, Path]()
    files = FolderWalk(folder).files if wanted else ()
    for done, (inside, name) in enumerate(files, 1):
        progress("training pictures", done, len(files))
        path = folder / inside / name
        data = _read(path)
        if data is None:
            continue
        digest = hashlib.sha256(data).hexdigest()
        for length in lengths:
            if digest[:length] in wanted:
                found.setdefault(digest[:length], path)
        if len(found) == len(wanted):
            break
    return found


def _read(path: Path) -> bytes | None:
    try:
        return read_bounded(path, max_bytes=Limits().max_bytes) if path.is_file() else None
    except (OSError, PictureError):
        return None


def _small(path: Path, folder: Path) -> PageImage | None:
    data = _read(path)
    return None if data is None else small_image(data, alt=f"Training picture {path.relative_to(folder)}")
