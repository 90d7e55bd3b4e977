"""Function that collects pictures into a labelled folder (`discern collect`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from discern.catalog.label_text import normalise_label
from discern.collecting.collected_record import CollectedRecord
from discern.collecting.collection import count_groups, count_left_out, open_collection
from discern.collecting.downloads.collect_urls import DownloadOptions, collect_urls
from discern.collecting.films.collect_films import UNREADABLE, collect_films
from discern.collecting.films.film_reader import require_video
from discern.collecting.films.frame_choice import parse_every
from discern.display.displayed import Displayed
from discern.errors import CatalogError, UsageError
from discern.flow.collect_sources import DatasetOptions, find_sources
from discern.flow.paths import resolve_output
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
    origin: str | Path | None = None,
    classes: str | Path | Sequence[str] | None = None,
    listing: str | Path | None = None,
    per_class: int | None = None,
    allow_hosts: Sequence[str] = (),
    progress: Progress = silent,
) -> CollectResult:
    """Collect pictures into a folder that is a source for training.

    Of films, frames are kept that are neither too small nor blurred nor nearly equal to the last one kept. All frames
    of a film are one group, so that a split keeps them in one part. Of lists of addresses, the pictures are downloaded:
    a few at a time from each host, as its `robots.txt` permits. Data sets are downloaded, or read from a local copy,
    and the pictures of the chosen classes are kept. `metadata.csv` in the folder says what each picture is
    from. The same call again continues where it was interrupted, and other sources can be added to the folder.

    Args:
        what: films; folders with one folder of films for each class; lists with columns `url` and `label` (.csv, .tsv,
            .parquet, .jsonl), or with one address on each line (.txt); or published data sets: "cifar10", "cifar100",
            "fruits360", "mynursinghome", "bins".
        out: folder to collect into: a new one, or one that was collected before.
        label: label of all pictures; None for the names of folders, or those in a list.
        every: time between the frames that are looked at, such as "0.5s" or a number of seconds; None for half a
            second.
        scenes: look at frames that show a new scene instead.
        origin: local copy of a data set, address of a mirror, or "kaggle"; None for its public place.
        classes: labels of the classes of a data set to collect, separated by commas, or a file of them; None for all.
        listing: `file_list.json` of the bins; None to go by their metadata.
        per_class: most pictures of each class of a data set; None for all.
        allow_hosts: hosts whose addresses may be private; others are not connected to.
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
    data_set_options = DatasetOptions(
        origin=origin, classes=classes, listing=listing, per_class=per_class, allow_hosts=tuple(allow_hosts)
    )
    found = find_sources(sources, label, data_set_options)
    if found.films:
        require_video()
    options = DownloadOptions(allow_hosts=tuple(allow_hosts))
    with open_collection(resolve_output(out)) as collection:
        records = collect_films(found.films, collection, every=seconds, progress=progress) if found.films else []
        records += collect_urls(found.rows, collection, options, progress) if found.rows else []
        for collect_data_set in found.datasets:
            records += collect_data_set(collection, progress)
    return _result(collection, records, found.others)


def _checked_label(label: str) -> str:
    normalised = normalise_label(label)
    if not normalised:
        raise UsageError("The label is empty.", hint="Write it like --label bed.")
    return normalised


def _result(collection: "Collection", records: Sequence[CollectedRecord], others: Sequence[str]) -> CollectResult:
    kept = sum(len(each.pictures) for each in records)
    failed = [each for each in records if each.failure]
    if failed and not kept:
        first = failed[0].message if failed[0].failure == UNREADABLE else f"{failed[0].source}: {failed[0].message}"
        count = f"None of {len(failed):,} sources can be used. The first: " if len(failed) > 1 else ""
        listed = f"All are listed in {collection.left_out_list}." if collection.left_out_list.exists() else ""
        raise CatalogError(f"{count}{first}", hint=listed)
    left_out = count_left_out(records) | ({"not_a_film": len(others)} if others else {})
    if not kept:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(left_out.items()))
        raise CatalogError(
            f"No picture was kept. Left out: {reasons or 'none'}.",
            hint="Look at the sources; docs/collecting.md lists the reasons.",
        )
    notes = []
    if collection.left_out_list.exists():
        notes.append(f"Addresses without a picture are listed in {collection.left_out_list}.")
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
