"""Labels of captured requests: from a key of their records, or from files of ground truth that name their events."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from discern.catalog.formats.capture_file import (
    CapturedPicture,
    event_of,
    is_captured,
    names_capture,
    read_captured_pictures,
)
from discern.catalog.formats.listing.json_key import label_of
from discern.catalog.formats.picture_container import container_limits
from discern.catalog.formats.read_items import read_items
from discern.catalog.formats.source import Source
from discern.catalog.label_text import normalise_label
from discern.catalog.path_text import MEMBER
from discern.errors import CatalogError, NotAPicture, PictureError
from discern.picture import Limits

_TRUTH = "groundTruthData"


def label_captures(
    source: Source, files: pl.DataFrame, key: str | None
) -> tuple[pl.DataFrame, pl.DataFrame, frozenset[str]]:
    """Label captured requests, which folders do not label, and separate them from other files.

    Args:
        source: the source, to which notes are added.
        files: scanned files.
        key: key of the label in each record; None to look for files of ground truth.

    Returns:
        The captured requests that have a picture, or are damaged; the other files; and the paths of files of ground
        truth, which are in neither.

    Raises:
        CatalogError: there are no other pictures, and no record has the key.
    """
    captured = pl.Series([is_captured(path) for path in files["path"]], dtype=pl.Boolean)
    if not captured.any():
        return files.clear(), files, frozenset()
    others = files.filter(~captured)
    truths = _read_truths(source.root, others) if key is None else {}
    by_event = {event: label for labels in truths.values() for event, label in labels.items()}
    labels: dict[str, str] = {}
    for picture in _read_captures(source.root, files["path"].filter(captured).to_list()):
        label = by_event.get(event_of(picture.record)) if key is None else _label(picture.record, key)
        if label:
            labels[picture.path] = label
    if key is not None and not labels and others["error"].is_not_null().all():
        raise CatalogError(
            f"No captured request has a label under {key}.",
            hint="Write the path to the label with dots, such as captureData.endpointOutput.data.label.",
        )
    source.notes += _describe(labels, key, truths)
    requests = files.filter(captured & (files["error"].fill_null("") != NotAPicture.code)).with_columns(
        label=pl.col("path").replace_strict(labels, default=None, return_dtype=pl.String)
    )
    return requests, others.filter(~pl.col("path").is_in(list(truths))), frozenset(truths)


def _read_captures(root: Path, pictures: Sequence[str]) -> Iterator[CapturedPicture]:
    """Read the files that contain captured pictures again, one after the other."""
    files = list(dict.fromkeys(path.rpartition(MEMBER)[0] for path in pictures))
    for path, data in _read(root, files):
        yield from read_captured_pictures(path, data, limits=Limits())


def _read_truths(root: Path, files: pl.DataFrame) -> dict[str, dict[str, str]]:
    """Return the label of each event in files of ground truth, by file."""
    errors = files.filter(pl.col("error").is_not_null())["path"]
    found = {path: _read_truth(data) for path, data in _read(root, [path for path in errors if names_capture(path)])}
    return {path: labels for path, labels in found.items() if labels}


def _read_truth(data: bytes) -> dict[str, str]:
    labels = {}
    for line in data.splitlines():
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        truth = record.get(_TRUTH) if isinstance(record, dict) else None
        if isinstance(truth, dict) and event_of(record):
            labels[event_of(record)] = normalise_label(str(truth.get("data", "")))
    return labels


def _read(root: Path, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    for item in read_items(root, paths, limits=container_limits(Limits())):
        try:
            yield item.path, item.load()
        except PictureError:  # the scan has found it, too
            continue


def _label(record: Mapping[str, Any] | None, key: str) -> str | None:
    try:
        return label_of(record, key)
    except (LookupError, ValueError):
        return None


def _describe(labels: Mapping[str, str], key: str | None, truths: Mapping[str, object]) -> Iterator[str]:
    if key is not None:
        yield f"The labels of {len(labels):,} captured pictures are the {key} of their records."
    elif truths:
        yield f"The labels of {len(labels):,} captured pictures are from the ground truth in {', '.join(truths)}."
