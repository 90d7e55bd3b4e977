"""Functions that derive class labels and split parts from folders, label lists or CIFAR batches."""

import polars as pl

from discern.catalog.formats.listing.file_search import ListedFolder, locate_files
from discern.catalog.formats.listing.listing_entry import ListingEntry
from discern.catalog.formats.listing.listing_source import is_listing_name
from discern.catalog.formats.listing.tabular import TABLES, read_table
from discern.catalog.formats.read_items import read_items
from discern.catalog.formats.source import Source
from discern.catalog.labels.cifar_class_names import name_classes
from discern.catalog.labels.folders import labels_and_parts, split_folders
from discern.catalog.labels.listings import apply_listings
from discern.catalog.labels.unused_tables import explain_unused_tables
from discern.catalog.left_out import LeftOut, Reason
from discern.catalog.scan_table import SCANNED, to_scanned_files, to_table
from discern.catalog.scanned_file import ScannedFile
from discern.errors import DiscernError, UnreadableFile
from discern.picture import Limits

_IS_LIST = "It says what the labels of pictures are."


def resolve_labels(source: Source, files: pl.DataFrame) -> pl.DataFrame:
    """Fill in the class labels, split parts and groups of scanned files.

    Files that have no row in the result, such as a list that labels pictures, are added to the source's `left_out`.
    """
    if source.layout == "declared":
        return files
    from_batches = pl.col("part").is_not_null()
    named, metadata_files = name_classes(source.root, to_scanned_files(files.filter(from_batches)))
    others = files.filter(~from_batches & ~pl.col("path").is_in(list(metadata_files)))
    resolved = pl.concat([to_table(named), _label_files(source, others)])
    # One label for all may be the name of the folder that a list beside it describes.
    if resolved.filter(pl.col("error").is_null())["label"].drop_nulls().n_unique() < 2:
        source.notes += explain_unused_tables(source.root, to_scanned_files(resolved))
    for path, error in files.join(resolved, on="path", how="anti").select("path", "error").iter_rows():
        reason: Reason = "no_label" if error is None else "not_a_picture"
        message = "The list of the other pictures' labels does not name it." if error is None else _IS_LIST
        source.left_out.append(LeftOut(path, reason, message))
    return resolved


def _label_files(source: Source, files: pl.DataFrame) -> pl.DataFrame:
    single_archive = source.layout == "archive"
    declared = _by_table(source, files) if single_archive else None
    if declared is not None:
        return declared
    files = _by_folders(files, single_archive=single_archive)
    unreadable = files.filter(pl.col("error").is_not_null())
    if not any(is_listing_name(path.rpartition("/")[2]) for path in unreadable["path"]):
        return files
    return to_table(apply_listings(source.root, to_scanned_files(files), add_note=source.notes.append))


def _by_folders(files: pl.DataFrame, *, single_archive: bool) -> pl.DataFrame:
    files = files.with_columns(folder=pl.col("path").str.replace("[^/]*$", ""))
    folders = files.group_by("archive", "folder").agg(readable=pl.col("error").is_null().any())
    paths = [split_folders(folder, archive) for archive, folder, _ in folders.iter_rows()]
    resolved = labels_and_parts(paths, folders["readable"].to_list(), single_archive=single_archive)
    folders = folders.with_columns(
        label=pl.Series([label for label, _ in resolved], dtype=pl.String),
        part=pl.Series([part for _, part in resolved], dtype=pl.String),
    )
    files = files.drop("label", "part").join(folders, on=["archive", "folder"], how="left", maintain_order="left")
    return files.select(*SCANNED)


def _by_table(source: Source, files: pl.DataFrame) -> pl.DataFrame | None:
    """Label an archive's files by the only table in it, or return None if no table applies."""
    tables = [path for path in files["path"] if path.lower().endswith(TABLES)]
    if len(tables) != 1 or is_listing_name(tables[0].rpartition("/")[2]):
        return None
    (table,) = read_items(source.root, tables, limits=Limits())
    notes: list[str] = []
    try:
        entries = read_table(table.path, table.load(), add_note=notes.append)
        by_path = {file.path: file for file in to_scanned_files(files)}
        folder = table.path[: len(table.path) - len(table.path.replace("!/", "/").rpartition("/")[2])]
        place = ListedFolder(
            name=table.path,
            folder=folder,
            exists=lambda path: folder + path in by_path,
            below=lambda: [path.removeprefix(folder) for path in by_path if path.startswith(folder)],
        )
        entries = locate_files(entries, place, add_note=notes.append)
    except DiscernError:
        return None
    if not any(entry.label and not entry.missing for entry in entries):
        return None
    source.notes += notes
    return to_table([_declare(by_path.get(folder + entry.path), folder + entry.path, entry) for entry in entries])


def _declare(file: ScannedFile | None, path: str, entry: ListingEntry) -> ScannedFile:
    if file is None:
        missing = UnreadableFile(
            "The table lists this file, but the archive does not contain it.", hint="Correct the table."
        )
        file = ScannedFile(path=path, error=missing.code, message=str(missing))
    return file._replace(label=entry.label, part=entry.part, group=entry.group)
