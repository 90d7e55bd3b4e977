"""Looks at every file of a source, in parallel, and makes a catalog of them."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import polars as pl

from discern.catalog.formats.archive_source import ArchiveSource, holds_files
from discern.catalog.formats.folder_source import FolderSource
from discern.catalog.formats.listing.listing_source import SUFFIXES, ListingSource
from discern.catalog.formats.read_items import read_items
from discern.catalog.formats.source import Item, Source
from discern.catalog.labels.resolve import resolve_labels
from discern.catalog.merge import facts_table, to_scanned_files, to_tables
from discern.catalog.path_text import natural_key
from discern.catalog.picture_cache import PictureCache
from discern.catalog.scan_workers import ScanWorkers
from discern.catalog.scanned_file import ScannedFile, scan_files
from discern.catalog.table import COLUMNS, Catalog
from discern.errors import CatalogError
from discern.parallel import ThreadExecutor, count_cores, map_in_order
from discern.picture import Limits
from discern.picture.picture_facts import read_facts
from discern.progress import Progress, silent

STAGE = "looking at pictures"

_BATCH = 64
_BATCH_BYTES = 4 << 20
_BATCHES_AHEAD = 3
_ROWS_AT_ONCE = 8192


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
    threads = threads or count_cores()
    with ScanWorkers(cache, limits, helpers=threads > 1) as eyes:
        batches = _told(_in_parallel(eyes, opened.items(), threads), opened.total, progress)
        # Where an archive has a name twice, the later file replaces the earlier, as it does when unpacked.
        seen = pl.concat(list(to_tables(batches))).unique("path", keep="last", maintain_order=True)
    _require_pictures(source, seen)
    seen = resolve_labels(opened, seen)
    keys = list(map(natural_key, seen["path"]))
    return _catalog(opened.root, seen[sorted(range(len(keys)), key=keys.__getitem__)], eyes.known, limits)


def open_source(
    source: Path, limits: Limits, leave_out: Callable[[Path], bool] | None = None, *, labels: bool = True
) -> Source:
    """Choose how a path is read: as a folder, a list, or an archive.

    Args:
        source: an absolute path.
        limits: `max_bytes` bounds what is read of one file.
        leave_out: tells the folders in a folder that are not looked into.
        labels: whether labels matter; else a list may name a picture twice with different ones.

    Raises:
        CatalogError: it is none of these, or may not be looked at.
    """
    try:
        if source.is_dir():
            return FolderSource(source, limits=limits, leave_out=leave_out)
    except OSError as error:
        raise CatalogError(f"{source} cannot be read: {error.strerror}.", hint="Allow it, or copy it.") from error
    if source.name.lower().endswith(SUFFIXES) and source.is_file():
        return ListingSource(source, limits=limits, labels=labels)
    if holds_files(source):
        return ArchiveSource(source, limits=limits)
    found = "is no folder, no list and no archive that can be opened" if os.path.lexists(source) else "does not exist"
    raise CatalogError(
        f"{source} {found}.",
        hint="Give a folder of pictures, a list (.csv, .parquet, .lst, .manifest), or an archive (.zip, .tar.gz).",
    )


def _in_parallel(
    work: Callable[[list[Item]], list[ScannedFile]], items: Iterable[Item], threads: int
) -> Iterator[list[ScannedFile]]:
    """Yield results in the order of the items, a batch at a time, never many batches ahead: memory stays flat."""
    with ThreadExecutor(threads) as executor:
        yield from map_in_order(work, _batches(items), executor=executor, window=_BATCHES_AHEAD * threads + 1)


def _told(batches: Iterable[list[ScannedFile]], total: int | None, progress: Progress) -> Iterator[list[ScannedFile]]:
    done = 0
    for batch in batches:
        yield batch
        done += len(batch)
        progress(STAGE, done, total)


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


def _require_pictures(source: Path, seen: pl.DataFrame) -> None:
    errors = Counter(seen["error"])
    if not errors:
        raise CatalogError(
            f"{source} is empty: there is no file in it.", hint="Point at the folder that holds pictures."
        )
    if None not in errors:
        reasons = ", ".join(f"{count} {error}" for error, count in errors.most_common())
        first = min(to_scanned_files(seen), key=lambda sighting: natural_key(sighting.path))
        raise CatalogError(
            f"{source} holds no picture that can be read: {errors.total()} files ({reasons}). "
            f"{first.path}: {first.message}",
            hint="Point at the folder that holds pictures.",
        )


def _catalog(root: Path, seen: pl.DataFrame, known: PictureCache, limits: Limits) -> Catalog:
    # Some thousands at a time, for what is needed on the way takes more memory than the table.
    table = pl.concat([_with_facts(root, some, known, limits) for some in seen.iter_slices(_ROWS_AT_ONCE)])
    return Catalog(root=root, table=table, thumbs=known.thumbs(_readable(table)))


def _with_facts(root: Path, seen: pl.DataFrame, known: PictureCache, limits: Limits) -> pl.DataFrame:
    readable = _readable(seen)
    lost = known.missing(readable)
    if lost:  # with a helper that ended before its time, or by another process that made the cache smaller
        scan_files(
            read_items(root, seen["path"][lost].to_list(), limits=limits), known, partial(read_facts, limits=limits)
        )
        known.keep()
    contents = list(dict.fromkeys(content for content in readable if content))
    facts = facts_table(known.facts(contents)).with_columns(pl.Series("content", contents, pl.String))
    return seen.join(facts, on="content", how="left", maintain_order="left").select(*COLUMNS)


def _readable(table: pl.DataFrame) -> list[str | None]:
    """The content of each usable picture, None for the others."""
    return table.select(pl.when(pl.col("error").is_null()).then("content"))["content"].to_list()
