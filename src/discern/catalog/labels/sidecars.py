"""Files that belong to pictures, such as one JSON file for each, and the labels in them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from discern.catalog.formats.listing.json_key import label_of
from discern.catalog.formats.listing.json_lines import read_json
from discern.catalog.formats.listing.table_columns import has_picture_name
from discern.catalog.formats.read_items import read_items
from discern.catalog.formats.sidecar_files import match_sidecars, may_be_sidecar
from discern.catalog.formats.source import Source
from discern.errors import CatalogError, PictureError
from discern.picture import Limits

BIN_KEY = "EXPECTED_QUANTITY"
"""Key of the number of objects in the metadata of the Amazon Bin Image Dataset."""

_JSON = ".json"
_MAX_BYTES = 4 << 20
# Not tuned: enough to recognise metadata of which some files are damaged.
_SAMPLE = 20
_DIFFERENT = "Its JSON files give different labels"


@dataclass(frozen=True, kw_only=True)
class SidecarLabels:
    """Labels from the JSON files of pictures.

    Attributes:
        labels: label of each picture that has one, by path.
        problems: reason why a picture has no label, by path.
        files: the JSON files, with the reason why one gives no label, or "".
        unused: paths of JSON files that give no label, by a short description of the reason.
        alone: paths of pictures without a JSON file.
    """

    labels: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    unused: dict[str, list[str]] = field(default_factory=dict)
    alone: list[str] = field(default_factory=list)

    def leave_out(self, path: str, description: str, reason: str) -> None:
        """Record that a JSON file gives no label."""
        self.files[path] = reason
        self.unused.setdefault(description, []).append(path)


def find_sidecars(files: pl.DataFrame) -> dict[str, list[str]]:
    """Find the files that belong to pictures among scanned files, with their pictures, as `match_sidecars` does."""
    errors = files.filter(pl.col("error").is_not_null())["path"]
    found = [path for path in errors if may_be_sidecar(path)]
    if not found:
        return {}
    pictures = files.filter(pl.col("error").is_null())["path"].to_list()
    return match_sidecars(found, [*pictures, *filter(has_picture_name, errors)])


def holds_bins(root: Path, sidecars: Mapping[str, Sequence[str]]) -> bool:
    """Return True if the JSON files of pictures are metadata of the Amazon Bin Image Dataset."""
    paths = [path for path in sidecars if is_json(path)]
    sample = paths[:: max(1, len(paths) // _SAMPLE)][:_SAMPLE]
    return any(BIN_KEY in content for _, content in _read(root, sample) if isinstance(content, dict))


def is_json(path: str) -> bool:
    """Return True if a path has the suffix of JSON files."""
    return path.lower().endswith(_JSON)


def label_by_sidecars(
    source: Source, files: pl.DataFrame, sidecars: Mapping[str, Sequence[str]], key: str
) -> tuple[pl.DataFrame, dict[str, str]]:
    """Label pictures by their JSON files, and add notes to the source that say how.

    Args:
        source: the source.
        files: scanned files.
        sidecars: pictures of each file that belongs to some.
        key: key of the label in each JSON file; dots part nested keys.

    Returns:
        The files without those that belong to pictures; and the latter, with the reason why one gives no label, or "".

    Raises:
        CatalogError: no picture has a label.
    """
    found = read_sidecar_labels(source.root, files, sidecars, key)
    if not found.labels:
        path, why = next(((path, why) for path, why in found.files.items() if why), next(iter(found.problems.items())))
        raise CatalogError(
            f"None of the {len(found.files):,} JSON files that belong to pictures gives a label from {key}, the first: "
            f"{path}. {why}",
            hint=f"Write --label-from with the key of the label, and dots for nested keys.{_name_keys(source, path)}",
        )
    others = dict.fromkeys(sidecars, "") | found.files
    files = files.filter(~pl.col("path").is_in(list(others)))
    source.notes += describe_labels(found, key)
    reason = pl.col("path").replace_strict(found.problems, default=None, return_dtype=pl.String)
    return files.with_columns(
        label=pl.col("path").replace_strict(found.labels, default=None, return_dtype=pl.String),
        message=pl.when(pl.col("error").is_null()).then(reason).otherwise(pl.col("message")),
    ), others


def _name_keys(source: Source, path: str) -> str:
    content = next((content for _, content in _read(source.root, [path])), None)
    return f" The keys of {path} are {', '.join(list(content)[:_SAMPLE])}." if isinstance(content, dict) else ""


def read_sidecar_labels(
    root: Path, files: pl.DataFrame, sidecars: Mapping[str, Sequence[str]], key: str
) -> SidecarLabels:
    """Read the labels of pictures from their JSON files.

    Args:
        root: the folder that paths are relative to.
        files: scanned files.
        sidecars: pictures of each file that belongs to some.
        key: key of the label in each JSON file; dots part nested keys.
    """
    own = {path: pictures for path, pictures in sidecars.items() if is_json(path)}
    folders = set(map(_folder, own))
    errors = files.filter(pl.col("error").is_not_null())["path"]
    strays = [path for path in errors if is_json(path) and path not in own and _folder(path) in folders]
    found = SidecarLabels(files=dict.fromkeys(own, ""))
    given: dict[str, dict[str, str]] = defaultdict(dict)
    for path, content in _read(root, list(own)):
        label = _label(path, content, key, found)
        for picture in own[path]:
            if label:
                given[picture][path] = label
            else:
                found.problems[picture] = f"{path} gives no label. {found.files[path]}"
    for path in strays:
        found.leave_out(path, "without a picture", f"There is no picture of the name {_stem(path)}.")
    _join(given, found)
    for picture in files.filter(pl.col("error").is_null())["path"]:
        if picture not in found.labels and picture not in found.problems:
            found.problems[picture] = "There is no JSON file for it."
            found.alone.append(picture)
    return found


def _label(path: str, content: object, key: str, found: SidecarLabels) -> str | None:
    """Return the label in the content of a JSON file, or record why there is none."""
    label = None
    try:
        if isinstance(content, CatalogError | PictureError):
            raise ValueError(content.message)
        label = label_of(content, key)
        if label is None:
            found.leave_out(path, f"without a value of {key}", f"Its {key} is empty.")
    except LookupError:
        found.leave_out(path, f"without {key}", f"It has no {key}.")
    except ValueError as error:
        found.leave_out(path, "that cannot be used", str(error))
    return label


def describe_labels(found: SidecarLabels, key: str) -> Iterator[str]:
    """Describe the labels from JSON files, and those that are missing, in sentences."""
    used = sum(not why for why in found.files.values())
    yield f"The labels are the {key} in {_count(used, 'JSON file', 'JSON files')} of the pictures."
    if found.unused:
        listed = [
            f"{_count(len(paths), 'file', 'files')} {reason} ({_first(paths)})"
            for reason, paths in found.unused.items()
        ]
        yield f"No label comes from {', '.join(listed)}."
    if found.alone:
        verb = "has" if len(found.alone) == 1 else "have"
        yield f"{_count(len(found.alone), 'picture', 'pictures')} {verb} no JSON file ({_first(found.alone)})."
    if different := [picture for picture in found.problems if found.problems[picture].startswith(_DIFFERENT)]:
        yield f"{_count(len(different), 'picture', 'pictures')}: {_DIFFERENT} ({_first(different)})."


def _first(paths: Sequence[str]) -> str:
    return paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1:,} more"


def _join(given: Mapping[str, Mapping[str, str]], found: SidecarLabels) -> None:
    """Give each picture the label that all of its JSON files agree on."""
    for picture, by_file in given.items():
        labels = set(by_file.values())
        if len(labels) == 1:
            found.labels[picture] = labels.pop()
            found.problems.pop(picture, None)
        else:
            texts = [f"{label!r} in {path}" for path, label in by_file.items()]
            found.problems[picture] = f"{_DIFFERENT}: {' and '.join(texts[:2])}."


def _read(root: Path, paths: Sequence[str]) -> Iterator[tuple[str, object]]:
    """Yield the parsed content of JSON files, or the error of one that cannot be read."""
    for item in read_items(root, paths, limits=Limits(max_bytes=_MAX_BYTES)):
        try:
            yield item.path, read_json("It is not valid JSON", item.load().removeprefix(b"\xef\xbb\xbf"))
        except (CatalogError, PictureError) as error:
            yield item.path, error


def _count(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"


def _folder(path: str) -> tuple[str, ...]:
    return tuple(path.split("/")[:-1])


def _stem(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[0]
