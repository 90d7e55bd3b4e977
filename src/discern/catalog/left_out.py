"""Files that belong to a data set but are not used, with the reason for each."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from discern.catalog.spreadsheet import guard

Reason = Literal[
    "link_not_followed",
    "system_file",
    "not_a_picture",
    "unreadable",
    "no_label",
    "conflict",
    "dropped_by_fix",
    "class_not_chosen",
    "sidecar",
]
LEFT_OUT = "left_out.csv"
"""File of a run that lists them."""

REASONS: tuple[Reason, ...] = get_args(Reason)


class LeftOut(NamedTuple):
    """File that is not used.

    Attributes:
        path: path relative to the source's root, as in `Catalog.table`; of a link to a folder, the link's own path.
        reason: category of the reason.
        message: the reason in words, or "" if the category says enough.
    """

    path: str
    reason: Reason
    message: str = ""


def write_left_out(path: Path, files: Iterable[LeftOut]) -> None:
    """Write the files that are left out to a CSV file with the columns path, reason and message.

    Raises:
        OSError: the file cannot be written.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(LeftOut._fields)
    writer.writerows([guard(file.path), file.reason, guard(file.message)] for file in files)
    path.write_bytes(text.getvalue().encode("utf-8", "backslashreplace"))
