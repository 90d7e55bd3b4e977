"""Bins listed by their number of objects, as in the Amazon Bin Image Dataset: from a local copy, or rendered."""

import json
import shutil
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from discern.parallel import count_cores
from examples.bins.bin_renderer import render_bin
from examples.steps import StepFailed, write_json

LIST, PICTURES, METADATA, QUANTITY = "file_list.json", "bin-images", "metadata", "EXPECTED_QUANTITY"
LISTED = {"1": 1228, "2": 2299, "3": 2666, "4": 2373, "5": 1875}
"""Number of bins of each quantity in the original list; rendered bins have the same proportions."""

_FEWEST = 10
_REMEDY = (
    f"Pass DATA=path/to/folder with {LIST}, {PICTURES}/ID.jpg and {METADATA}/ID.json, or leave it out to render bins."
)


def fetch(source: Path | None, out: Path, *, count: int) -> str:
    """Put bins into a folder: `file_list.json`, `bin-images/ID.jpg` and `metadata/ID.json`.

    Args:
        source: local copy of the original, or of a part of it; None to render bins.
        out: folder to create.
        count: number of bins to render.

    Returns:
        Origin of the pictures: "original" if all that the original lists are there, "subset", or "rendered".

    Raises:
        StepFailed: the local copy has no list, or lacks the pictures in it.
    """
    for name in (PICTURES, METADATA):
        (out / name).mkdir(parents=True)
    if source is None:
        render(out, count)
        return "rendered"
    listed = _read_list(source)
    copied = {label: [name for name in names if _copy(source, name, out)] for label, names in listed.items()}
    found, wanted = (sum(map(len, each.values())) for each in (copied, listed))
    if not all(copied.values()):
        raise StepFailed(f"{source} has no picture of one of the quantities in its list. {_REMEDY}")
    if found < wanted:
        print(f"    {wanted - found} of {wanted} listed pictures are not there")
    _write_list(out, copied)
    return "original" if {label: len(names) for label, names in copied.items()} == LISTED else "subset"


def render(out: Path, count: int, *, seed: int = 0) -> None:
    """Render bins into a folder that has both subfolders, with the original's proportions of each quantity."""
    counts = {label: max(_FEWEST, round(count * listed / sum(LISTED.values()))) for label, listed in LISTED.items()}
    quantities = [int(label) for label, many in counts.items() for _ in range(many)]
    write, workers = partial(_render_one, out, seed=seed), count_cores()
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        names = list(pool.map(write, range(len(quantities)), quantities, chunksize=8))
    _write_list(
        out, {label: [n for n, q in zip(names, quantities, strict=True) if str(q) == label] for label in counts}
    )


def _render_one(out: Path, number: int, quantity: int, *, seed: int) -> str:
    name = f"{number + 1:05}"
    picture, kinds = render_bin(quantity, seed=seed, number=number)
    (out / PICTURES / f"{name}.jpg").write_bytes(picture)
    write_json(out / METADATA / f"{name}.json", {"rendered": True, QUANTITY: quantity, "objects": kinds})
    return name


def _write_list(out: Path, names: dict[str, list[str]]) -> None:
    write_json(out / LIST, {label: [f"data/{METADATA}/{name}.json" for name in each] for label, each in names.items()})


def _read_list(source: Path) -> dict[str, list[str]]:
    try:
        listed = json.loads((source / LIST).read_text(encoding="utf-8"))
        return {str(label): [Path(file).stem for file in files] for label, files in listed.items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise StepFailed(f"{source / LIST} cannot be read: {error}. {_REMEDY}") from error


def _copy(source: Path, name: str, out: Path) -> bool:
    """Copy a picture, and its metadata if there are any; return False if there is no picture."""
    folders = (source, source / "data")
    picture = next((path for each in folders if (path := each / PICTURES / f"{name}.jpg").is_file()), None)
    if picture is None:
        return False
    shutil.copyfile(picture, out / PICTURES / picture.name)
    metadata = picture.parent.parent / METADATA / f"{name}.json"
    if metadata.is_file():
        shutil.copyfile(metadata, out / METADATA / metadata.name)
    return True
