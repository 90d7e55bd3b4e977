"""Makes a new catalog with fixes applied; the pictures themselves are never touched."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import polars as pl

from discern.catalog.fixes import Fix
from discern.catalog.table import Catalog
from discern.errors import FixesError
from discern.store import Rows


def apply_fixes(catalog: Catalog, fixes: Iterable[Fix]) -> Catalog:
    """Apply fixes to a catalog and give the new one.

    "drop" takes a row out. "relabel" changes its label. "group" alone moves the picture to the group `value`; with an
    `other` picture it ties the two, and all of the groups that they are declared in, into one: under the name `value`,
    else a name that one of them has. "keep" changes nothing.

    Raises:
        FixesError: a fix names a picture that the catalog does not have, or one picture gets two labels or groups.
    """
    fixes = list(fixes)
    rows = {path: row for row, path in enumerate(catalog.table["path"])}
    _require_known(rows, fixes)
    dropped = {rows[fix.path] for fix in fixes if fix.action == "drop"}
    kept = [row for row in range(len(catalog)) if row not in dropped]
    labels, groups = catalog.table["label"].to_list(), catalog.table["group"].to_list()
    for path, label in _one_each(fix for fix in fixes if fix.action == "relabel").items():
        labels[rows[path]] = label
    for path, group in _one_each(fix for fix in fixes if fix.action == "group" and not fix.other).items():
        groups[rows[path]] = group
    groups = _tie(groups, [(rows[fix.path], rows[fix.other], fix.value) for fix in fixes if _ties(fix)], list(rows))
    table = catalog.table.with_columns(
        pl.Series("label", labels, pl.String),
        pl.Series("group", groups, pl.String),
    )
    thumbs = catalog.thumbs
    chosen = thumbs.select(kept) if isinstance(thumbs, Rows) else thumbs[kept]
    return replace(catalog, table=table[kept], thumbs=chosen)


def _ties(fix: Fix) -> bool:
    return fix.action == "group" and bool(fix.other)


def _require_known(rows: Mapping[str, int], fixes: Sequence[Fix]) -> None:
    unknown = sorted({path for fix in fixes for path in (fix.path, fix.other) if path and path not in rows})
    if unknown:
        more = f", and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        raise FixesError(
            f"The fixes name pictures that are not there: {unknown[0]}{more}.",
            hint="Correct the path or remove the row; paths are relative to the folder that was checked.",
        )


def _one_each(fixes: Iterable[Fix]) -> dict[str, str]:
    values: dict[str, str] = {}
    for fix in fixes:
        if values.setdefault(fix.path, fix.value) != fix.value:
            raise FixesError(
                f"{fix.path} is to be both {values[fix.path]!r} and {fix.value!r}.", hint="Keep one of the two rows."
            )
    return values


def _tie(groups: list[str | None], ties: Sequence[tuple[int, int, str]], paths: Sequence[str]) -> list[str | None]:
    """Join groups, and pictures that are in none, wherever two pictures are tied."""
    groups = list(groups)
    members: dict[str, list[int]] = {}
    for row, group in enumerate(groups):
        if group:
            members.setdefault(group, []).append(row)
    for first, second, value in ties:
        named = [group for group in (groups[first], groups[second]) if group]
        name = value or next(iter(named), paths[second])
        joined = [row for group in dict.fromkeys([name, *named]) for row in members.pop(group, [])]
        members[name] = list(dict.fromkeys([*joined, first, second]))
        for row in members[name]:
            groups[row] = name
    return groups
