"""Looks at every file of a source, in parallel, and makes a catalog of them."""

import os
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import polars as pl

from discern.catalog.facts import KnownPictures
from discern.catalog.forms.archives import ArchiveSource, holds_files
from discern.catalog.forms.folders import FolderSource
from discern.catalog.forms.listings import SUFFIXES, ListingSource
from discern.catalog.labelling import labelled
from discern.catalog.looking import Eyes
from discern.catalog.naming import natural_key
from discern.catalog.seeing import Sighting, see
from discern.catalog.sources import Item, Source
from discern.catalog.table import COLUMNS, Catalog
from discern.errors import CatalogError
from discern.picture import Limits
from discern.progress import Progress, silent

STAGE = "looking at pictures"

_BATCH = 64
_BATCH_BYTES = 4 << 20
_BATCHES_AHEAD = 3
_SIGHTED = ("path", "bytes", "content", "label", "group", "part", "error", "message")


def scan(
    source: Path,
    *,
    cache: Path,
    threads: int | None = None,
    progress: Progress = silent,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    leave_out: Callable[[Path], bool] | None = None,
) -> Catalog:
    """Catalogue every file of a source.

    Args:
        source: a folder (of class folders, of part folders, of pictures and lists of them, of CIFAR's batches, or
            flat), a list of pictures (.csv, .tsv, .parquet, .lst, .manifest, .jsonl, file_list.json), or a zip or tar
            archive of any of these. It is only read.
        cache: the folder that keeps what is known of each picture, by content.
        threads: how many read and decode at once; None: one per core.
        progress: called with files looked at.
        limits: what is refused before decoding.
        leave_out: tells the folders in a folder that are not looked into.

    Raises:
        CatalogError: the source does not exist, cannot be read, or holds no picture.
    """
    opened = open_source(Path(os.path.abspath(source)), limits, leave_out)  # noqa: PTH100 - links stay as they were given
    known = KnownPictures(cache, limits)
    threads = threads or _cores()
    sightings: dict[str, Sighting] = {}
    done = 0
    try:
        with Eyes(limits, helpers=threads > 1) as eyes:
            for batch in _in_parallel(partial(see, known=known, look=eyes), opened.items(), threads):
                # Where an archive has a name twice, the later file replaces the earlier, as it does when unpacked.
                sightings.update((sighting.path, sighting) for sighting in batch)
                done += len(batch)
                progress(STAGE, done, opened.total)
    finally:
        known.keep()
    _require_pictures(source, sightings.values())
    rows = sorted(labelled(opened, list(sightings.values())), key=lambda sighting: natural_key(sighting.path))
    return _catalog(opened.root, rows, known)


def open_source(source: Path, limits: Limits, leave_out: Callable[[Path], bool] | None = None) -> Source:
    """Choose how a path is read: as a folder, a list, or an archive.

    Raises:
        CatalogError: it is none of these, or may not be looked at.
    """
    try:
        if source.is_dir():
            return FolderSource(source, limits=limits, leave_out=leave_out)
    except OSError as error:
        raise CatalogError(f"{source} cannot be read: {error.strerror}.", hint="Allow it, or copy it.") from error
    if source.name.lower().endswith(SUFFIXES) and source.is_file():
        return ListingSource(source, limits=limits)
    if holds_files(source):
        return ArchiveSource(source, limits=limits)
    found = "is no folder, no list and no archive that can be opened" if os.path.lexists(source) else "does not exist"
    raise CatalogError(
        f"{source} {found}.",
        hint="Give a folder of pictures, a list (.csv, .parquet, .lst, .manifest), or an archive (.zip, .tar.gz).",
    )


def _in_parallel(
    work: Callable[[list[Item]], list[Sighting]], items: Iterable[Item], threads: int
) -> Iterator[list[Sighting]]:
    """Yield results in the order of the items, a batch at a time, never many batches ahead: memory stays flat."""
    ahead: deque[Future[list[Sighting]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for batch in _batches(items):
                ahead.append(pool.submit(work, batch))
                if len(ahead) > _BATCHES_AHEAD * threads:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    batch: list[Item] = []
    held = 0
    for item in items:
        batch.append(item)
        held += item.held
        if len(batch) == _BATCH or held > _BATCH_BYTES:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def _require_pictures(source: Path, sightings: Collection[Sighting]) -> None:
    errors = Counter(sighting.error for sighting in sightings)
    if not errors:
        raise CatalogError(
            f"{source} is empty: there is no file in it.", hint="Point at the folder that holds pictures."
        )
    if None not in errors:
        reasons = ", ".join(f"{count} {error}" for error, count in errors.most_common())
        first = min(sightings, key=lambda sighting: natural_key(sighting.path))
        raise CatalogError(
            f"{source} holds no picture that can be read: {errors.total()} files ({reasons}). "
            f"{first.path}: {first.message}",
            hint="Point at the folder that holds pictures.",
        )


def _catalog(root: Path, sightings: Sequence[Sighting], known: KnownPictures) -> Catalog:
    readable = [None if sighting.error else sighting.content for sighting in sightings]
    contents = sorted({content for content in readable if content})
    sighted = {name: [getattr(sighting, name) for sighting in sightings] for name in _SIGHTED}
    seen = known.facts(contents).with_columns(pl.Series("content", contents))
    table = pl.DataFrame(sighted, schema_overrides=COLUMNS)
    table = table.join(seen, on="content", how="left", maintain_order="left").select(*COLUMNS)
    return Catalog(root=root, table=table, thumbs=known.thumbs(readable))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
