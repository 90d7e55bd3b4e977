"""Function that collects pictures into a labelled folder (`discern collect`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from discern.catalog.label_text import normalise_label
from discern.collecting.collected_record import CollectedRecord
from discern.collecting.collection import count_groups, count_left_out, open_collection
from discern.collecting.films.collect_films import FilmFile, collect_films, find_films
from discern.collecting.films.film_reader import require_video
from discern.collecting.films.frame_choice import parse_every
from discern.display.displayed import Displayed
from discern.errors import CatalogError, UsageError
from discern.flow.paths import is_folder, resolve_output, resolve_path
from discern.progress import Progress, silent

if TYPE_CHECKING:
    from discern.collecting.collection import Collection

EVERY = 0.5
"""Seconds between the frames that are looked at by default; not tuned."""


@dataclass(frozen=True, kw_only=True, repr=False)
class CollectResult(Displayed):
    """Result of `discern.collect`, with what was kept and what was left out.

    Attributes:
        out: folder of the pictures, which is a source for training.
        kept: number of pictures of these sources that are in it.
        left_out: number of pictures and sources that were left out, by reason.
        groups: number of groups, such as films, that the pictures are from.
        failed: each source that could not be used: `source`, `reason` and `message`.
        notes: what else a reader has to know.
    """

    out: Path
    kept: int
    left_out: dict[str, int]
    groups: int
    failed: tuple[dict[str, str], ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON-serialisable dictionary.

        Keys:
            out: absolute path of the folder of the pictures.
            kept: number of pictures of these sources that are in it.
            left_out: number of pictures and sources that were left out, by reason.
            groups: number of groups, such as films, that the pictures are from.
            failed: each source that could not be used: `source`, `reason` and `message`.
            notes: what else a reader has to know.
        """
        return {
            "out": str(self.out),
            "kept": self.kept,
            "left_out": self.left_out,
            "groups": self.groups,
            "failed": list(self.failed),
            "notes": list(self.notes),
        }


def collect(
    what: str | Path | Sequence[str | Path],
    *,
    out: str | Path,
    label: str | None = None,
    every: str | float | None = None,
    scenes: bool = False,
    progress: Progress = silent,
) -> CollectResult:
    """Collect pictures into a folder that is a source for training.

    Of films, frames are kept that are neither too small nor blurred nor nearly equal to the last one kept. All frames
    of a film are one group, so that a split keeps them in one part. `metadata.csv` in the folder says what each picture
    is from. The same call again continues where it was interrupted, and other sources can be added to the folder.

    Args:
        what: films, or folders with one folder of films for each class.
        out: folder to collect into: a new one, or one that was collected before.
        label: label of all pictures; None for the names of folders.
        every: time between the frames that are looked at, such as "0.5s" or a number of seconds; None for half a
            second.
        scenes: look at frames that show a new scene instead.
        progress: called with the stage, items done and items in all.

    Raises:
        CatalogError: no source can be used.
        UsageError: an option is invalid, the folder cannot be used, or a library is missing.
    """
    sources = [what] if isinstance(what, str | Path) else list(what)
    if not sources:
        raise UsageError("Nothing to collect was named.", hint="Pass films, or a folder of films for each class.")
    if scenes and every is not None:
        raise UsageError("Frames are chosen by --every or by --scenes, not by both.", hint="Leave out one of them.")
    label = None if label is None else _checked_label(label)
    seconds = None if scenes else parse_every(EVERY if every is None else every)
    films, others = _find(sources, label)
    require_video()
    with open_collection(resolve_output(out)) as collection:
        records = collect_films(films, collection, every=seconds, progress=progress)
    return _result(collection, records, others)


def _checked_label(label: str) -> str:
    normalised = normalise_label(label)
    if not normalised:
        raise UsageError("The label is empty.", hint="Write it like --label bed.")
    return normalised


def _find(sources: Sequence[str | Path], label: str | None) -> tuple[list[FilmFile], list[str]]:
    films, others = list[FilmFile](), list[str]()
    for source in sources:
        path = resolve_path(source)
        if is_folder(path):
            found = find_films(path, label)
            films += found.films
            others += found.others
        else:
            films.append(FilmFile(path=path, name=str(source), label=label or ""))
    return films, others


def _result(collection: "Collection", records: Sequence[CollectedRecord], others: Sequence[str]) -> CollectResult:
    kept = sum(len(each.pictures) for each in records)
    failed = [each for each in records if each.failure]
    if failed and not kept:
        more = f" Neither can the other {len(failed) - 1:,} be used." if len(failed) > 1 else ""
        raise CatalogError(f"{failed[0].message}{more}")
    left_out = count_left_out(records) | ({"not_a_film": len(others)} if others else {})
    notes = []
    if any(each.pictures and not each.label for each in records):
        notes.append("The pictures have no label: pass --label, or collect a folder with one folder for each class.")
    return CollectResult(
        out=collection.folder,
        kept=kept,
        left_out=dict(sorted(left_out.items())),
        groups=count_groups(records),
        failed=tuple({"source": each.source, "reason": each.failure, "message": each.message} for each in failed),
        notes=tuple(notes),
    )
