"""Gives sightings their labels: from the folders they lie in, from lists among them, or from the batch they are of."""

import polars as pl

from discern.catalog.formats.listing.listing_entry import ListingEntry
from discern.catalog.formats.listing.listing_source import may_list
from discern.catalog.formats.listing.tabular import TABLES, read_table
from discern.catalog.formats.read_items import read_items
from discern.catalog.formats.source import Source
from discern.catalog.labels.cifar_class_names import name_classes
from discern.catalog.labels.folders import folder_place, labels_and_parts
from discern.catalog.labels.listings import apply_listings
from discern.catalog.merge import SCANNED, to_scanned_files, to_table
from discern.catalog.scanned_file import ScannedFile
from discern.errors import CatalogError, UnreadableFile
from discern.picture import Limits


def resolve_labels(source: Source, seen: pl.DataFrame) -> pl.DataFrame:
    """Add to sightings (columns `SCANNED`) what the source says of labels and parts, in whatever way it says it."""
    if source.layout == "declared":
        return seen
    of_batches = pl.col("part").is_not_null()
    named, names = name_classes(source.root, to_scanned_files(seen.filter(of_batches)))
    files = seen.filter(~of_batches & ~pl.col("path").is_in(list(names)))
    return pl.concat([to_table(named), _labelled_files(source, files)])


def _labelled_files(source: Source, files: pl.DataFrame) -> pl.DataFrame:
    whole = source.layout == "archive"
    declared = _by_table(source, files) if whole else None
    if declared is not None:
        return declared
    files = _by_folders(files, whole=whole)
    if not any(may_list(path.rpartition("/")[2]) for path in files.filter(pl.col("error").is_not_null())["path"]):
        return files
    return to_table(apply_listings(source.root, to_scanned_files(files)))


def _by_folders(files: pl.DataFrame, *, whole: bool) -> pl.DataFrame:
    files = files.with_columns(folder=pl.col("path").str.replace("[^/]*$", ""))
    folders = files.group_by("archive", "folder").agg(picture=pl.col("error").is_null().any())
    places = [folder_place(folder, archive) for archive, folder, _ in folders.iter_rows()]
    said = labels_and_parts(places, folders["picture"].to_list(), whole=whole)
    folders = folders.with_columns(
        label=pl.Series([label for label, _ in said], dtype=pl.String),
        part=pl.Series([part for _, part in said], dtype=pl.String),
    )
    files = files.drop("label", "part").join(folders, on=["archive", "folder"], how="left", maintain_order="left")
    return files.select(*SCANNED)


def _by_table(source: Source, files: pl.DataFrame) -> pl.DataFrame | None:
    """Follow the only table in an archive if it names any of its files; its rows then are the catalog's."""
    tables = [path for path in files["path"] if path.lower().endswith(TABLES)]
    if len(tables) != 1 or may_list(tables[0].rpartition("/")[2]):
        return None
    (table,) = read_items(source.root, tables, limits=Limits())
    try:
        entries = read_table(table.path, table.load())
    except CatalogError:
        return None
    seen = {sighting.path: sighting for sighting in to_scanned_files(files)}
    folder = table.path[: len(table.path) - len(table.path.replace("!/", "/").rpartition("/")[2])]
    if not any(folder + entry.path in seen for entry in entries):
        return None
    return to_table([_declare(seen.get(folder + entry.path), folder + entry.path, entry) for entry in entries])


def _declare(sighting: ScannedFile | None, path: str, entry: ListingEntry) -> ScannedFile:
    if sighting is None:
        missing = UnreadableFile("The table names it, but the archive has no such file.", hint="Correct the table.")
        sighting = ScannedFile(path=path, error=missing.code, message=str(missing))
    return sighting._replace(label=entry.label, part=entry.part, group=entry.group)
