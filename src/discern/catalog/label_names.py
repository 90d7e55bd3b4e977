"""names.csv: what people call the labels, and where things of them go."""

from pathlib import Path

from discern.catalog.formats.listing.delimited import read_delimited
from discern.errors import NamesError

COLUMNS = ("name", "spoken", "route")
_MOST_BYTES = 10 << 20
_LONGEST = 1000


def read_names(path: Path, labels: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """Read the words of some labels.

    Args:
        path: UTF-8 CSV with the column `label` and any of `name` (in print), `spoken` (aloud) and `route` (a
            destination).
        labels: those that there are; others in the file are passed over.

    Returns:
        For each label that the file knows its `name`, `spoken` and `route`, "" where not said.

    Raises:
        NamesError: it cannot be read, has other columns, says a label twice, or knows none of the labels.
    """
    rows = read_delimited(path.name, _read(path), NamesError)
    header = [cell.strip().lower() for cell in rows.header]
    if "label" not in header or not set(header) & set(COLUMNS) or len(set(header)) < len(header):
        raise NamesError(
            f"{path.name} has the columns {', '.join(rows.header)}.",
            hint="Its first line must be label,name,spoken,route (label and at least one of the others).",
        )
    words: dict[str, dict[str, str]] = {}
    for line, cells in rows.rows:
        row = dict(zip(header, (cell.strip() for cell in cells), strict=True))
        label = row["label"]
        if label in words:
            raise NamesError(f"{path.name}, line {line}: the label {label!r} again.", hint="Say each label once.")
        words[label] = {column: _word(path, line, row.get(column, "")) for column in COLUMNS}
    known = {label: words[label] for label in labels if label in words}
    if not known:
        raise NamesError(
            f"{path.name} knows none of the labels {', '.join(labels[:5])}.",
            hint="Write each label in its first column just as the folder or list has it.",
        )
    return known


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise NamesError(f"{path} is no file.", hint="Name a CSV of label,name,spoken,route.")
        if path.stat().st_size > _MOST_BYTES:
            raise NamesError(f"{path} is larger than {_MOST_BYTES >> 20} MB.", hint="Is it the right file?")
        return path.read_bytes()
    except OSError as error:
        raise NamesError(f"{path} cannot be read: {error.strerror}.", hint="Allow it, or copy it.") from error


def _word(path: Path, line: int, text: str) -> str:
    if len(text) > _LONGEST or not text.isprintable():
        raise NamesError(
            f"{path.name}, line {line}: {text[:40]!r} is no name.", hint="Give a few printable words in one line."
        )
    return text
