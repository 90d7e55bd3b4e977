"""Functions that derive class labels and split parts from folders, label lists or CIFAR batches."""

import shlex
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from discern.catalog.formats.capture_file import names_capture
from discern.catalog.formats.listing.file_search import ListedFolder, locate_files
from discern.catalog.formats.listing.listing_entry import ListingEntry
from discern.catalog.formats.listing.listing_source import is_listing_name
from discern.catalog.formats.listing.tabular import TABLES, read_table
from discern.catalog.formats.read_items import read_items
from discern.catalog.formats.source import Source
from discern.catalog.labels.capture_labels import label_captures
from discern.catalog.labels.cifar_class_names import name_classes
from discern.catalog.labels.folders import FolderLabels, read_folders, split_folders
from discern.catalog.labels.layout import LayoutProblem, find_layout_problem
from discern.catalog.labels.listings import apply_listings
from discern.catalog.labels.sidecars import BIN_KEY, find_sidecars, holds_bins, is_json, label_by_sidecars
from discern.catalog.labels.unused_tables import explain_unused_tables
from discern.catalog.left_out import LeftOut
from discern.catalog.path_text import to_name
from discern.catalog.scan_table import SCANNED, to_scanned_files, to_table
from discern.catalog.scanned_file import ScannedFile
from discern.catalog.table import OTHER
from discern.errors import CatalogError, DiscernError, NotAPicture, UnreadableFile, UsageError
from discern.picture import Limits

_CLASS_NAMES = "It names the classes of CIFAR batches."
_GROUND_TRUTH = "It is the ground truth of captured requests."
_LABELS = "It is a list that gives the labels of pictures."
_NOT_LISTED = "The list of the other pictures' labels does not name it."


@dataclass(frozen=True, kw_only=True)
class LayoutRules:
    """Rules for the meaning of folders.

    Attributes:
        parts_of: paths of the folders of parts, by part; empty if none is one; None to go by their names.
        strict: whether a layout is refused if its folders are probably not classes; needs `parts_of` to be None.
        label_from: key of the label in JSON files that belong to pictures, or column of a list; None for the usual.
    """

    parts_of: Mapping[str, str] | None = None
    strict: bool = False
    label_from: str | None = None


def resolve_labels(source: Source, files: pl.DataFrame, rules: LayoutRules = LayoutRules()) -> pl.DataFrame:
    """Fill in the class labels, split parts and groups of scanned files.

    The result has rows for files that a list names but that are missing. Files without a row in the result, such as the
    lists themselves, are added to the source's `left_out`.

    Raises:
        CatalogError: labels cannot be read, or the layout is refused.
        UsageError: the rules name parts that the source does not have.
    """
    if source.layout == "declared":
        if rules.parts_of:
            raise UsageError(
                "The source is a list, whose parts are in its own column.",
                hint="Leave out --parts-of, or pass a folder.",
            )
        return files
    captured, others, truths = label_captures(source, files, rules.label_from)
    from_batches = pl.col("part").is_not_null()
    named, metadata_files = name_classes(source.root, to_scanned_files(others.filter(from_batches)))
    others = others.filter(~from_batches & ~pl.col("path").is_in(list(metadata_files)))
    only_captured = captured.height and others["error"].is_not_null().all()
    labelled, sidecars = (others, {}) if only_captured else _label_files(source, others, rules)
    resolved = pl.concat([to_table(named), captured, labelled])
    # One label for all may be the name of the folder that a list beside it describes.
    if resolved.filter(pl.col("error").is_null())["label"].drop_nulls().n_unique() < 2:
        source.notes += explain_unused_tables(source.root, to_scanned_files(resolved))
    without_row = to_scanned_files(files.join(resolved, on="path", how="anti", maintain_order="left"))
    source.left_out += [_left_out(file, metadata_files | truths, sidecars) for file in without_row]
    return resolved


def _left_out(file: ScannedFile, metadata_files: set[str], sidecars: Mapping[str, str]) -> LeftOut:
    if file.path in sidecars:
        return LeftOut(file.path, "sidecar", sidecars[file.path])
    if file.error is None:
        return LeftOut(file.path, "no_label", _NOT_LISTED)
    if file.path in metadata_files:
        message = _GROUND_TRUTH if names_capture(file.path) else _CLASS_NAMES
        return LeftOut(file.path, "not_a_picture", message)
    if is_listing_name(file.path.rpartition("/")[2]) or file.path.lower().endswith(TABLES):
        return LeftOut(file.path, "not_a_picture", _LABELS)
    return LeftOut(file.path, "not_a_picture" if file.error == NotAPicture.code else "unreadable", file.message or "")


def _label_files(source: Source, files: pl.DataFrame, rules: LayoutRules) -> tuple[pl.DataFrame, dict[str, str]]:
    """Label files, without those that belong to pictures, and return the latter with a message for each."""
    if source.layout == "archive" and rules.label_from is None:
        declared = _by_table(source, files)
        if declared is not None:
            return declared, {}
    files, problem = _by_folders(source, files, rules)
    sidecars = find_sidecars(files)
    if rules.label_from is not None:
        return _by_key(source, files, sidecars, rules.label_from)
    listed = _by_listings(source, files)
    labels = _labels(listed)
    is_listed = labels != _labels(files)
    if not is_listed and len({*labels.values()} - {None}) < 2 and holds_bins(source.root, sidecars):
        return label_by_sidecars(source, listed, sidecars, BIN_KEY)
    if problem is not None and not is_listed:
        raise _layout_error(source, files, problem)
    return _without(listed, sidecars)


def _without(files: pl.DataFrame, sidecars: Collection[str]) -> tuple[pl.DataFrame, dict[str, str]]:
    """Return files without those that belong to pictures, and the latter without a message."""
    belongs = files["path"].is_in(list(sidecars))
    return files.filter(~belongs), dict.fromkeys(files["path"].filter(belongs), "")


def _by_key(
    source: Source, files: pl.DataFrame, sidecars: Mapping[str, Sequence[str]], key: str
) -> tuple[pl.DataFrame, dict[str, str]]:
    """Label files by a key of the JSON files that belong to them, or of the lists among them."""
    if any(map(is_json, sidecars)):
        return label_by_sidecars(source, files, sidecars, key)
    declared = _by_table(source, files, key) if source.layout == "archive" else None
    if declared is not None:
        return declared, {}
    listed = _by_listings(source, files.with_columns(label=pl.lit(None, pl.String)), key)
    if not any(_labels(listed).values()):
        raise CatalogError(
            f"{source.root} has no labels under {key}: no JSON file has the name of a picture, and no list of pictures "
            "is among them.",
            hint="Put a JSON file beside each picture, or in a folder beside that of the pictures, or pass a list.",
        )
    return _without(listed, sidecars)


def _by_listings(source: Source, files: pl.DataFrame, key: str | None = None) -> pl.DataFrame:
    """Label files by the lists among them."""
    unreadable = files.filter(pl.col("error").is_not_null())
    if not any(is_listing_name(path.rpartition("/")[2]) for path in unreadable["path"]):
        return files
    return to_table(apply_listings(source.root, to_scanned_files(files), add_note=source.notes.append, label_from=key))


def _labels(files: pl.DataFrame) -> dict[str, str | None]:
    readable = files.filter(pl.col("error").is_null())
    return dict(zip(readable["path"], readable["label"], strict=True))


def _by_folders(source: Source, files: pl.DataFrame, rules: LayoutRules) -> tuple[pl.DataFrame, LayoutProblem | None]:
    """Label files by their folders, and find the problem of the layout if there is one."""
    files = files.with_columns(folder=pl.col("path").str.replace("[^/]*$", ""))
    folders = files.group_by("archive", "folder").agg(readable=pl.col("error").is_null().sum())
    paths = [split_folders(folder, archive) for archive, folder, _ in folders.iter_rows()]
    counts = folders["readable"].to_list()
    found = read_folders(
        paths, list(map(bool, counts)), single_archive=source.layout == "archive", parts_of=rules.parts_of
    )
    resolved = found.resolved()
    folders = folders.with_columns(
        label=pl.Series([label for label, _ in resolved], dtype=pl.String),
        part=pl.Series([part for _, part in resolved], dtype=pl.String),
    )
    files = files.drop("label", "part").join(folders, on=["archive", "folder"], how="left", maintain_order="left")
    problem = _find_problem(source, found, counts) if rules.strict and rules.parts_of is None else None
    return files.select(*SCANNED), problem


def _find_problem(source: Source, found: FolderLabels, counts: Sequence[int]) -> LayoutProblem | None:
    pictures: Counter[tuple[str, ...]] = Counter()
    for names, count in zip(found.names, counts, strict=True):
        if count and names[:1] != (OTHER,):
            pictures[names] += count
    parts = {names[0]: part for names, part in found.parts.items()}
    return find_layout_problem(pictures, parts, root_name=source.root.name)


def _layout_error(source: Source, files: pl.DataFrame, problem: LayoutProblem) -> CatalogError:
    is_archive = source.layout == "archive"
    place = source.root / files["archive"][0] if is_archive else source.root
    remedies = []
    if problem.parts_of:
        mapping = ",".join(f"{part}={folder}" for part, folder in problem.parts_of.items())
        remedies.append(f"name the parts with --parts-of {shlex.quote(mapping)}")
    if problem.folder and is_archive:
        remedies.append(f"unpack it and pass its folder {problem.folder}")
    elif problem.folder:
        remedies.append(f"pass {place / to_name(problem.folder)}")
    if not remedies:
        remedies.append("put the pictures into one folder per class, or pass a list of paths and labels")
    remedies.append("add --parts-of none if the outermost folders are the classes")
    hint = ", or ".join(remedies)
    notes = explain_unused_tables(source.root, to_scanned_files(files))
    return CatalogError(f"{place} {problem.message}.", hint=" ".join([f"{hint[0].upper()}{hint[1:]}.", *notes]))


def _by_table(source: Source, files: pl.DataFrame, key: str | None = None) -> pl.DataFrame | None:
    """Label an archive's files by the only table in it, or return None if no table applies."""
    tables = [path for path in files["path"] if path.lower().endswith(TABLES)]
    if len(tables) != 1 or is_listing_name(tables[0].rpartition("/")[2]):
        return None
    (table,) = read_items(source.root, tables, limits=Limits())
    notes: list[str] = []
    try:
        entries = read_table(table.path, table.load(), add_note=notes.append, label_from=key)
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
