"""Utilities for reading, writing and applying data set fixes (`fixes.csv`).

The file is UTF-8, comma-separated, with one row per fix. Its header is its format version: columns that this version
does not know are refused.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

import polars as pl

from discern.atomic import atomic_write
from discern.catalog.formats.listing.delimited import read_delimited
from discern.catalog.label_text import normalise_label, strip_blanks
from discern.catalog.left_out import LeftOut
from discern.catalog.spreadsheet import GUARD, guard, unguard
from discern.catalog.table import Catalog
from discern.errors import FixesError
from discern.picture import read_bounded
from discern.store import Rows

Action = Literal["drop", "relabel", "group", "keep"]
ACTIONS: tuple[str, ...] = get_args(Action)

MAX_BYTES = 256 << 20

_COLUMNS = ("path", "action", "value", "with", "score", "why")


@dataclass(frozen=True, kw_only=True)
class Fix:
    """Correction of one image in a data set, such as a new label or its removal.

    Attributes:
        path: the picture's path in the catalog.
        action: "drop", "relabel", "group" or "keep" (leave as it is).
        value: the new label or group.
        other: path of the second picture concerned (column `with`), or "".
        score: confidence of the check in [0, 1]; None where it gives none.
        why: the check's name, a colon, and the reason.

    Raises:
        FixesError: an unknown action, an empty path, or an action without the value that it needs.
    """

    path: str
    action: str
    value: str = ""
    other: str = ""
    score: float | None = None
    why: str = ""

    def __post_init__(self) -> None:
        if not self.path:
            raise FixesError("The path is empty.", hint="Fill in the path of a picture, or remove the row.")
        if self.action not in ACTIONS:
            raise FixesError(f"Unknown action {self.action!r}.", hint=f"Use one of {', '.join(ACTIONS)}.")
        if self.action == "relabel" and not self.value.strip():
            raise FixesError(f"The new label of {self.path} is missing.", hint="Write the label in the value column.")
        if self.action == "group" and not (self.value or self.other):
            raise FixesError(
                f"The group of {self.path} is missing.",
                hint="Write the group's name in the value column, or the path of another picture in the with column.",
            )


def write_fixes(path: Path, fixes: Iterable[Fix]) -> None:
    """Write data set fixes to a CSV file atomically.

    Raises:
        FixesError: the file cannot be written.
    """
    try:
        with atomic_write(path) as unfinished:
            unfinished.write_bytes(format_fixes(fixes))
    except OSError as error:
        raise FixesError(
            f"{path} cannot be written: {error.strerror}.", hint="Free disk space, or check the permissions."
        ) from error


def format_fixes(fixes: Iterable[Fix]) -> bytes:
    """Return data set fixes as the bytes of a CSV file."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for fix in fixes:
        cells = [guard(cell) for cell in (fix.path, fix.action, fix.value, fix.other)]
        writer.writerow([*cells, "" if fix.score is None else repr(float(fix.score)), guard(fix.why)])
    return text.getvalue().encode()


def read_fixes(path: Path) -> list[Fix]:
    """Read data set fixes from a CSV file.

    Cells may be separated by commas, semicolons or tabs, as spreadsheets save them.

    Raises:
        FixesError: the file cannot be read, or a row is invalid; the message names the line and the remedy.
    """
    if path.exists() and not path.is_file():
        raise FixesError(f"{path} is not a file.", hint="Pass the path of the fixes.csv itself.")
    try:
        data = read_bounded(path, max_bytes=MAX_BYTES)
    except OSError as error:
        raise FixesError(f"{path} cannot be read: {error.strerror}.", hint="Check its permissions.") from error
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
            f"{path} has unknown columns: {', '.join(unknown)}.",
            hint=f"Use {','.join(_COLUMNS)}; if a newer version of Discern wrote the file, upgrade.",
        )
    for name in ("path", "action"):
        if names.count(name) != 1:
            raise FixesError(
                f"{path} has {names.count(name)} columns {name!r} instead of one.", hint="Correct its first line."
            )
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
    # In locales with a decimal comma, spreadsheets separate cells by semicolons.
    text = cell.strip() if separator == "," else cell.strip().replace(",", ".")
    try:
        return float(text) if text else None
    except ValueError:
        raise FixesError(f"{cell!r} is not a number.", hint="Write the score as a number, or leave it empty.") from None


def _bare_path(cell: str) -> str:
    return cell.removeprefix(GUARD)


def apply_fixes(catalog: Catalog, fixes: Iterable[Fix]) -> Catalog:
    """Return a new catalog with the given fixes applied.

    Picture files are never changed. Fixes of pictures whose class is not used, and of sidecar files, are ignored.

    "drop" removes a row and lists its file in `Catalog.left_out`. "relabel" changes its label. "group" alone moves the
    picture to the group `value`; with an `other` picture it merges the groups of both into one, named `value`, else
    like one of the two, else by the other picture's path. "keep" changes nothing.

    Raises:
        FixesError: a fix names a picture that the catalog lacks, or gives one picture two labels or groups.
    """
    rows = {path: row for row, path in enumerate(catalog.table["path"])}
    others = {file.path for file in catalog.left_out if file.reason in ("class_not_chosen", "sidecar")}
    fixes = [_normalised(fix, rows) for fix in fixes]
    fixes = [fix for fix in fixes if not others & {fix.path, fix.other}]
    _require_paths(rows, fixes)
    dropped = {fix.path: fix.why for fix in fixes if fix.action == "drop"}
    keep = [row for path, row in rows.items() if path not in dropped]
    labels, groups = catalog.table["label"].to_list(), catalog.table["group"].to_list()
    for path, label in _value_by_path(fix for fix in fixes if fix.action == "relabel").items():
        labels[rows[path]] = label
    for path, group in _value_by_path(fix for fix in fixes if fix.action == "group" and not fix.other).items():
        groups[rows[path]] = group
    pairs = [(rows[fix.path], rows[fix.other], fix.value) for fix in fixes if _merges_groups(fix)]
    groups = _merge_groups(groups, pairs, list(rows))
    table = catalog.table.with_columns(
        pl.Series("label", labels, pl.String),
        pl.Series("group", groups, pl.String),
    )
    thumbs = catalog.thumbs
    thumbs = thumbs.select(keep) if isinstance(thumbs, Rows) else thumbs[keep]
    left_out = (LeftOut(path, "dropped_by_fix", why) for path, why in dropped.items())
    return replace(catalog, table=table[keep], thumbs=thumbs, left_out=(*catalog.left_out, *left_out))


def list_relabelled(fixes: Iterable[Fix]) -> dict[str, str]:
    """Return the labels that fixes give to pictures, by path."""
    found = [fix for fix in fixes if fix.action == "relabel"]
    return {path: normalise_label(fix.value) for fix in found for path in (fix.path, strip_blanks(fix.path))}


def resolve_aliases(fixes: Iterable[Fix], aliases: Mapping[str, str]) -> list[Fix]:
    """Replace aliases among the new labels of fixes with the labels that they stand for."""
    return [
        replace(fix, value=aliases.get(normalise_label(fix.value), fix.value)) if fix.action == "relabel" else fix
        for fix in fixes
    ]


def _normalised(fix: Fix, rows: Mapping[str, int]) -> Fix:
    """Return a fix as the catalog spells labels, groups and paths, which people write with blanks around them."""
    path, other = (path if path in rows else strip_blanks(path) for path in (fix.path, fix.other))
    value = normalise_label(fix.value)
    if fix.value and not value and fix.action in ("relabel", "group"):
        raise FixesError(
            f"The fixes give {fix.path} the value {fix.value!r}, which is blank.",
            hint="Write a name in the value column.",
        )
    return replace(fix, path=path or fix.path, other=other, value=value)


def _merges_groups(fix: Fix) -> bool:
    return fix.action == "group" and bool(fix.other)


def _require_paths(rows: Mapping[str, int], fixes: Sequence[Fix]) -> None:
    unknown = sorted({path for fix in fixes for path in (fix.path, fix.other) if path and path not in rows})
    if unknown:
        more = f", and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        raise FixesError(
            f"The fixes name pictures that are not in the data set: {unknown[0]}{more}.",
            hint="Correct the path or remove the row; paths are relative to the folder that was checked.",
        )


def _value_by_path(fixes: Iterable[Fix]) -> dict[str, str]:
    values: dict[str, str] = {}
    for fix in fixes:
        if values.setdefault(fix.path, fix.value) != fix.value:
            raise FixesError(
                f"The fixes set {fix.path} to both {values[fix.path]!r} and {fix.value!r}.",
                hint="Keep one of the two rows.",
            )
    return values


def _merge_groups(
    groups: list[str | None], pairs: Sequence[tuple[int, int, str]], paths: Sequence[str]
) -> list[str | None]:
    """Merge the groups of the two images in each pair."""
    groups = list(groups)
    members: dict[str, list[int]] = {}
    for row, group in enumerate(groups):
        if group:
            members.setdefault(group, []).append(row)
    for first, second, value in pairs:
        named = [group for group in (groups[first], groups[second]) if group]
        name = value or next(iter(named), paths[second])
        joined = [row for group in dict.fromkeys([name, *named]) for row in members.pop(group, [])]
        members[name] = list(dict.fromkeys([*joined, first, second]))
        for row in members[name]:
            groups[row] = name
    return groups
