"""Functions that scan an image source into a catalog in parallel."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import polars as pl

from discern.catalog.class_rules import ClassRules
from discern.catalog.formats.open_source import open_source
from discern.catalog.formats.read_items import read_items
from discern.catalog.formats.source import Item, Source
from discern.catalog.labels.preview import find_other_classes
from discern.catalog.labels.resolve import LayoutRules, resolve_labels
from discern.catalog.left_out import LeftOut
from discern.catalog.path_text import natural_key
from discern.catalog.picture_cache import PictureCache
from discern.catalog.scan_table import facts_table, to_scanned_files, to_table, to_tables
from discern.catalog.scan_workers import ScanWorkers
from discern.catalog.scanned_file import ScannedFile, scan_files
from discern.catalog.table import COLUMNS, Catalog
from discern.errors import CatalogError
from discern.parallel import ThreadExecutor, count_cores, map_in_order
from discern.picture import Limits
from discern.picture.picture_facts import read_facts
from discern.progress import Progress, silent

STAGE = "scanning pictures"

# Not tuned: large enough to amortise queueing, small enough for regular progress.
_BATCH = 64
_BATCH_BYTES = 4 << 20
_BATCHES_AHEAD = 3
_ROWS_PER_SLICE = 8192
# The codes of errors in words.
_ERRORS: dict[str | None, str] = {
    "not_a_picture": "not in a supported picture format",
    "too_large": "too large",
    "unreadable_file": "missing or not readable",
}
_REPLACED = "A later file of the archive has the same path and replaces it."


def scan(
    source: Path,
    *,
    cache: Path,
    threads: int | None = None,
    progress: Progress = silent,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    leave_out: Callable[[Path], bool] | None = None,
    labels: bool = True,
    layout: LayoutRules = LayoutRules(),  # noqa: B008 - frozen
    classes: ClassRules = ClassRules(),  # noqa: B008 - frozen
) -> Catalog:
    """Scan an image source and return its catalog.

    Args:
        source: a folder (of class folders, of part folders, of pictures and listings, of CIFAR batches, or flat), a
            listing (.csv, .tsv, .parquet, .lst, .manifest, .jsonl, file_list.json), or a zip or tar archive of any of
            these. It is opened read-only.
        cache: directory of the cache of facts and thumbnails.
        threads: number of threads that read and decode; None for one per core.
        progress: called with the stage, files done and files in all.
        limits: picture limits, checked before decoding.
        leave_out: predicate for subfolders to skip.
        labels: whether labels matter; if not, a list needs none.
        layout: rules for the meaning of folders.
        classes: classes that are used, and aliases of labels. Pictures of other classes are not decoded.

    Raises:
        CatalogError: the source does not exist, cannot be read, contains no readable picture, or its layout is refused.
        UsageError: `layout` or `classes` names parts or classes that the source does not have.
    """
    place = Path(os.path.abspath(source))  # noqa: PTH100 - keeps links
    opened = open_source(place, limits, leave_out, labels=labels, label_from=layout.label_from)
    threads = threads or count_cores()
    unread = find_other_classes(opened, layout, classes)
    with ScanWorkers(cache, limits, processes=threads > 1) as workers:
        read = partial(_scan_files, opened, workers, threads, progress)
        label = partial(_label, source, opened, layout, classes)
        files, left_out = label(read(unread))
        if files["path"].is_in(list(unread)).any():  # decoding has changed the meaning of folders
            files, left_out = label(read(frozenset()))
    keys = list(map(natural_key, files["path"]))
    catalog = _catalog(opened.root, files[sorted(range(len(keys)), key=keys.__getitem__)], workers.cache, limits)
    return replace(
        catalog,
        left_out=tuple(left_out),
        empty_folders=tuple(opened.empty_folders),
        notes=tuple(dict.fromkeys(opened.notes)),
    )


def _scan_files(
    opened: Source, workers: ScanWorkers, threads: int, progress: Progress, unread: frozenset[str]
) -> pl.DataFrame:
    """Scan the files of a source, apart from pictures that need not be read."""
    skipped: list[ScannedFile] = []
    total = None if opened.total is None else opened.total - len(unread)
    batches = _in_parallel(workers, _without(opened.items(), unread, skipped), threads)
    tables = list(to_tables(_reported(batches, total, progress)))
    return pl.concat([*tables, to_table(skipped)])


def _without(items: Iterable[Item], unread: frozenset[str], skipped: list[ScannedFile]) -> Iterator[Item]:
    for item in items:
        if item.path in unread:
            skipped.append(ScannedFile(item.path, item.archive, label=item.label, part=item.part, group=item.group))
        else:
            yield item


def _label(
    source: Path, opened: Source, layout: LayoutRules, classes: ClassRules, scanned: pl.DataFrame
) -> tuple[pl.DataFrame, list[LeftOut]]:
    """Label scanned files, and list those that are left out."""
    # If an archive has a name twice, the later file replaces the earlier, as it does when unpacked.
    files = scanned.filter(pl.col("path").is_last_distinct())
    _require_pictures(source, opened, files)
    passed_over = len(opened.left_out)
    files = classes.replace_aliases(resolve_labels(opened, files, layout), opened.notes.append)
    replaced = scanned["path"].filter(~scanned["path"].is_last_distinct())
    left_out = [*opened.left_out, *(LeftOut(path, "conflict", _REPLACED) for path in replaced)]
    _require_account(scanned, files, len(left_out) - passed_over)
    if classes.names is not None:
        files, others = classes.split(files)
        left_out += others
        _require_pictures(source, opened, files)
    return files, left_out


def _in_parallel(
    work: Callable[[list[Item]], list[ScannedFile]], items: Iterable[Item], threads: int
) -> Iterator[list[ScannedFile]]:
    """Process batches of items in threads and yield the results in order."""
    with ThreadExecutor(threads) as executor:
        yield from map_in_order(work, _batches(items), executor=executor, window=_BATCHES_AHEAD * threads + 1)


def _reported(
    batches: Iterable[list[ScannedFile]], total: int | None, progress: Progress
) -> Iterator[list[ScannedFile]]:
    done = 0
    for batch in batches:
        yield batch
        done += len(batch)
        progress(STAGE, done, total)


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    batch: list[Item] = []
    size = 0
    for item in items:
        batch.append(item)
        size += item.in_memory
        if len(batch) == _BATCH or size > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _require_pictures(source: Path, opened: Source, files: pl.DataFrame) -> None:
    errors = Counter(files["error"])
    if not errors:
        links = [each for each in opened.left_out if each.reason == "link_not_followed"]
        if links:
            raise CatalogError(
                f"{source} is empty except for {len(links)} links, such as {links[0].path}. {links[0].message}",
                hint="Correct the links, or pass the folder that contains the pictures.",
            )
        system = f" except for {len(opened.left_out)} hidden and system files" if opened.left_out else ""
        raise CatalogError(
            f"{source} is empty{system}: it contains no pictures.", hint="Pass the folder that contains the pictures."
        )
    if None not in errors:
        reasons = ", ".join(f"{count} {_ERRORS.get(error, error)}" for error, count in errors.most_common())
        first = min(to_scanned_files(files), key=lambda file: natural_key(file.path))
        raise CatalogError(
            f"{source} contains no readable picture: {errors.total()} files ({reasons}). {first.path}: {first.message}",
            hint="If the pictures are elsewhere, correct the paths in the list, or put them there."
            if source.is_file() and opened.layout == "declared"
            else "If the pictures are elsewhere, pass that folder.",
        )


def _require_account(scanned: pl.DataFrame, files: pl.DataFrame, left_out: int) -> None:
    """Raise RuntimeError unless each file that was scanned, or is listed but missing, has a row or is left out."""
    missing = files.join(scanned, on="path", how="anti").height
    if scanned.height + missing != files.height + left_out:
        raise RuntimeError(
            f"{scanned.height} files and {missing} missing ones became {files.height} rows and {left_out} left out"
        )


def _catalog(root: Path, files: pl.DataFrame, cache: PictureCache, limits: Limits) -> Catalog:
    # In slices, because the intermediate tables take more memory than the result.
    table = pl.concat([_with_facts(root, part, cache, limits) for part in files.iter_slices(_ROWS_PER_SLICE)])
    return Catalog(root=root, table=table, thumbs=cache.thumbs(_readable(table)))


def _with_facts(root: Path, files: pl.DataFrame, cache: PictureCache, limits: Limits) -> pl.DataFrame:
    readable = _readable(files)
    missing = cache.missing(readable)
    if missing:  # a worker process was killed before it flushed, or another process pruned the cache
        items = read_items(root, files["path"][missing].to_list(), limits=limits)
        scan_files(items, cache, partial(read_facts, limits=limits))
        cache.flush()
    contents = list(dict.fromkeys(content for content in readable if content))
    facts = facts_table(cache.facts(contents)).with_columns(pl.Series("content", contents, pl.String))
    return files.join(facts, on="content", how="left", maintain_order="left").select(*COLUMNS)


def _readable(table: pl.DataFrame) -> list[str | None]:
    """Return the content hash of each readable image, and None for other files."""
    return table.select(pl.when(pl.col("error").is_null()).then("content"))["content"].to_list()
