"""Functions that read display names, spoken names and routes of class labels (`names.csv`)."""

from pathlib import Path

from discern.catalog.formats.listing.delimited import read_delimited
from discern.catalog.label_text import normalise_label
from discern.errors import NamesError
from discern.picture import read_bounded

COLUMNS = ("name", "spoken", "route")
_MAX_BYTES = 10 << 20
_MAX_LENGTH = 1000


def read_names(path: Path, labels: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """Read the display names, spoken names and routes of class labels from a CSV file.

    Args:
        path: UTF-8 CSV with the column `label` and any of `name` (for display), `spoken` (for speech) and `route` (a
            destination).
        labels: the data set's labels; other labels in the file are ignored.

    Returns:
        `name`, `spoken` and `route` of each label that the file lists, "" where the cell is empty or missing.

    Raises:
        NamesError: the file cannot be read, has other columns, lists a label twice, or lists none of the labels.
    """
    rows = read_delimited(path.name, _read(path), NamesError, trim=True)
    header = [cell.lower() for cell in rows.header]
    if "label" not in header or not set(header) & set(COLUMNS) or len(set(header)) < len(header):
        raise NamesError(
            f"{path.name} has the columns {', '.join(rows.header)}, which are not those of a names file.",
            hint="Its first line must be label,name,spoken,route (label and at least one of the others).",
        )
    names: dict[str, dict[str, str]] = {}
    for line, cells in rows.rows:
        row = dict(zip(header, cells, strict=True))
        label = normalise_label(row["label"])
        if label in names:
            raise NamesError(
                f"{path.name}, line {line}: the label {label!r} is listed twice.", hint="Keep one of its rows."
            )
        names[label] = {column: _checked(path, line, row.get(column, "")) for column in COLUMNS}
    found = {label: names[normalise_label(label)] for label in labels if normalise_label(label) in names}
    if not found:
        raise NamesError(
            f"{path.name} lists none of the labels {', '.join(labels[:5])}.",
            hint='Spell each label in its column "label" exactly as it is spelt here, in upper and lower case.',
        )
    return found


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise NamesError(f"{path} is not a file.", hint="Pass a CSV with the columns label,name,spoken,route.")
        return read_bounded(path, max_bytes=_MAX_BYTES)
    except OSError as error:
        raise NamesError(
            f"{path} cannot be read: {error.strerror}.", hint="Check its permissions, and that it is the names file."
        ) from error


def _checked(path: Path, line: int, text: str) -> str:
    if len(text) > _MAX_LENGTH or not text.isprintable():
        raise NamesError(
            f"{path.name}, line {line}: {text[:40]!r} is not a valid name.",
            hint=f"Use at most {_MAX_LENGTH} printable characters on one line.",
        )
    return text
