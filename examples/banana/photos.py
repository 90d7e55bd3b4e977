"""Photographs of bananas of three stages, and of things that are none, from a local copy."""

import random
import shutil
from collections.abc import Iterable
from pathlib import Path

from examples.packs import find_pack
from examples.steps import StepFailed

CLASSES = ("green", "ripe", "overripe")
PACK, OTHERS, FRUITS = "banana_ripeness", "negatives_imagenet", "fruits360_varieties"
ORIGINAL = 318
"""Number of photographs that the published project had."""

_REMEDY = (
    f"Pass DATA=path/to/folder with {{{','.join(CLASSES)}}}/, or set DISCERN_TEST_DATA to a folder with {PACK}/, and "
    f"with {OTHERS}/ and {FRUITS}/ of things that are not bananas."
)


def gather_photos(source: Path | None, out: Path, *, most: int) -> str:
    """Copy photographs into `green/`, `ripe/` and `overripe/` of a new folder.

    Args:
        source: folder of these; None for the pack in DISCERN_TEST_DATA or ../shared/data.
        out: folder to create.
        most: number of photographs of each stage at most.

    Returns:
        "original" if they are as many as in the published project, else "subset".

    Raises:
        StepFailed: there are none of a stage.
    """
    folder = source if source is not None else find_pack(PACK)
    if folder is None:
        raise StepFailed(f"There are no photographs of bananas at hand. {_REMEDY}")
    counts = []
    for label in CLASSES:
        files = [path for path in (folder / label).glob("*") if path.is_file() and not path.name.startswith(".")]
        if not files:
            raise StepFailed(f"{folder / label} has no photographs. {_REMEDY}")
        counts.append(len(copy_some(files, out / label, most=most)))
    return "original" if sum(counts) == ORIGINAL else "subset"


def gather_others(out: Path, *, most: int) -> tuple[Path, Path]:
    """Copy photographs of anything else, and pictures of other fruits, into two folders.

    The first are for tuning, the others only for the measurement. Files of either with a banana in their
    path are left out.

    Args:
        out: folder to create both in.
        most: number of pictures in each of them at most.

    Raises:
        StepFailed: one of the packs is not at hand.
    """
    found = [find_pack(name) for name in (OTHERS, FRUITS)]
    if None in found:
        raise StepFailed(f"The pack {(OTHERS, FRUITS)[found.index(None)]} is not at hand. {_REMEDY}")
    folders = []
    for name, pack in zip(("others", "fruits"), found, strict=True):
        assert pack is not None
        files = [
            path
            for path in pack.rglob("*")
            if path.is_file() and "banana" not in path.as_posix()[len(str(pack)) :].lower()
        ]
        copy_some(files, out / name, most=most)
        folders.append(out / name)
    return folders[0], folders[1]


def copy_some(files: Iterable[Path], out: Path, *, most: int) -> list[Path]:
    """Copy at most so many files, chosen at random but always the same, and return the copies."""
    chosen = sorted(files)
    random.Random(0).shuffle(chosen)
    out.mkdir(parents=True)
    copies = [out / f"{number:04}-{path.name}" for number, path in enumerate(sorted(chosen[:most]))]
    for path, copy in zip(sorted(chosen[:most]), copies, strict=True):
        shutil.copyfile(path, copy)
    return copies
