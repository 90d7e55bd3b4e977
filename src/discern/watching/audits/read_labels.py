"""Reader of true labels from a CSV file."""

import csv
from pathlib import Path

from discern.errors import UsageError
from discern.inference.exchange import Feedback

_HINT = "Write one line per picture with the columns id and label, and optionally new (yes or no)."
_YES, _NO = frozenset({"1", "true", "yes", "y"}), frozenset({"0", "false", "no", "n", ""})


def read_labels(path: Path, *, time: float, labels: frozenset[str] | None = None) -> list[Feedback]:
    """Read labels of audited exchanges from a CSV file with the columns `id`, `label` and optionally `new`.

    Lines without a label are left out, so that a list of waiting exchanges can be filled in bit by bit.

    Args:
        path: the file, UTF-8 with or without a byte order mark.
        time: when the labels were given, seconds since 1970 UTC.
        labels: the model's classes, to find misspelt ones; None to accept every label.

    Raises:
        UsageError: the file cannot be read, lacks a column, or has a line that is not valid.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            missing = [name for name in ("id", "label") if name not in (rows.fieldnames or ())]
            if missing:
                raise UsageError(f"{path}: the column {missing[0]} is missing.", hint=_HINT)
            lines = ((rows.line_num, row) for row in rows)
            read = [_read_line(f"{path}, line {number}", row, time, labels) for number, row in lines]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} cannot be read: {error}.", hint=_HINT) from error
    return [each for each in read if each is not None]


def _read_line(place: str, row: dict[str, str | None], time: float, labels: frozenset[str] | None) -> Feedback | None:
    identifier, label = ((row.get(name) or "").strip() for name in ("id", "label"))
    if not label:
        return None
    if not identifier:
        raise UsageError(f"{place}: the id is missing.", hint=_HINT)
    is_new = _read_flag(place, row.get("new") or "")
    if labels is not None and not is_new and label not in labels:
        raise UsageError(
            f"{place}: {label!r} is none of the model's classes.", hint="Correct it, or write yes in the column new."
        )
    return Feedback(exchange=identifier, label=label, is_new=is_new, time=time, source="csv")


def _read_flag(place: str, text: str) -> bool:
    word = text.strip().lower()
    if word not in _YES | _NO:
        raise UsageError(f"{place}: new is {text!r}.", hint="Write yes or no.")
    return word in _YES
