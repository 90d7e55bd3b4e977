"""`fixes.csv`: what should be done about which picture, for a person to read and edit.

UTF-8, comma-separated, one row per fix. The header is the file's format: a newer version would name other columns,
which this one refuses.
"""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from discern.atomic import atomic_write
from discern.catalog.formats.listing.delimited import read_delimited
from discern.catalog.spreadsheet import GUARD, guard, unguard
from discern.errors import FixesError

Action = Literal["drop", "relabel", "group", "keep"]
ACTIONS: tuple[str, ...] = get_args(Action)

_COLUMNS = ("path", "action", "value", "with", "score", "why")


@dataclass(frozen=True, kw_only=True)
class Fix:
    """One thing to do about one picture.

    Attributes:
        path: of the picture, as in the catalog.
        action: "drop" it, "relabel" it, put it in a "group", or "keep" it as it is.
        value: the new label or group.
        other: the other picture that this is about (column `with`), or "".
        score: how sure the check was, in [0, 1]; None where it does not say.
        why: begins with the check's name and a colon.

    Raises:
        FixesError: an unknown action, no path, or an action that lacks its value.
    """

    path: str
    action: str
    value: str = ""
    other: str = ""
    score: float | None = None
    why: str = ""

    def __post_init__(self) -> None:
        if not self.path:
            raise FixesError("A fix names no picture.", hint="Fill in its path.")
        if self.action not in ACTIONS:
            raise FixesError(f"{self.action!r} is no action.", hint=f"Use one of {', '.join(ACTIONS)}.")
        if self.action == "relabel" and not self.value.strip():
            raise FixesError(f"{self.path} is to be relabelled, with no label.", hint="Put it in the value column.")
        if self.action == "group" and not (self.value or self.other):
            raise FixesError(
                f"{self.path} is to be grouped, with nothing.",
                hint="Put the group's name in the value column, or another picture in the with column.",
            )


def write_fixes(path: Path, fixes: Iterable[Fix]) -> None:
    """Write fixes, at once or not at all.

    Raises:
        FixesError: the file cannot be written.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for fix in fixes:
        cells = [guard(cell) for cell in (fix.path, fix.action, fix.value, fix.other)]
        writer.writerow([*cells, "" if fix.score is None else repr(float(fix.score)), guard(fix.why)])
    try:
        with atomic_write(path) as unfinished:
            unfinished.write_bytes(text.getvalue().encode())
    except OSError as error:
        raise FixesError(f"{path} cannot be written: {error.strerror}.", hint="Make room, or allow it.") from error


def read_fixes(path: Path) -> list[Fix]:
    """Read fixes as this program, a person or a spreadsheet wrote them (commas, semicolons or tabs).

    Raises:
        FixesError: what is wrong, in which line, and what to do about it.
    """
    if path.exists() and not path.is_file():
        raise FixesError(f"{path} is no file.", hint="Name the fixes.csv itself.")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FixesError(f"{path} cannot be read: {error.strerror}.", hint="Name a file that there is.") from error
    table = read_delimited(str(path), data, FixesError)
    columns = _columns(path, table.header)
    return [
        _fix(f"{path}, line {line}", {name: cells[at] for name, at in columns.items()}, table.separator)
        for line, cells in table.rows
    ]


def _columns(path: Path, header: list[str]) -> dict[str, int]:
    names = [name.strip().lower() for name in header]
    unknown = sorted(set(names) - {*_COLUMNS, ""})
    if unknown:
        raise FixesError(
            f"{path} has columns that are not known: {', '.join(unknown)}.",
            hint=f"Keep to {','.join(_COLUMNS)}; if a newer version of Discern wrote it, upgrade.",
        )
    for name in ("path", "action"):
        if names.count(name) != 1:
            raise FixesError(f"{path} has {names.count(name)} columns {name!r}, not one.", hint="Mend its first line.")
    return {name: names.index(name) for name in _COLUMNS if name in names}


def _fix(where: str, cells: dict[str, str], separator: str) -> Fix:
    try:
        return Fix(
            path=_bare_path(cells["path"]),
            action=cells["action"].strip().lower(),
            value=unguard(cells.get("value", "")),
            other=_bare_path(cells.get("with", "")),
            score=_score(cells.get("score", ""), separator),
            why=unguard(cells.get("why", "")),
        )
    except FixesError as error:
        raise FixesError(f"{where}: {error.message}", hint=error.hint) from error


def _score(cell: str, separator: str) -> float | None:
    # Where the comma is the decimal sign, spreadsheets separate cells by semicolons.
    text = cell.strip() if separator == "," else cell.strip().replace(",", ".")
    try:
        return float(text) if text else None
    except ValueError:
        raise FixesError(f"{cell!r} is no score.", hint="Write a number, or leave the cell empty.") from None


def _bare_path(cell: str) -> str:
    return cell.removeprefix(GUARD)
