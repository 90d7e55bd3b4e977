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

    "drop" takes a row out. "relabel" changes its label. "group" declares that the picture, and the one in `other` where
    there is one, belong to the group `value`; without a `value` they share the group that one of them has, or a new
    one. Fixes that meet in a picture or in a name make one group. "keep" changes nothing.

    Raises:
        FixesError: a fix names a picture that the catalog does not have, or one picture gets two labels.
    """
    fixes = list(fixes)
    rows = {path: row for row, path in enumerate(catalog.table["path"])}
    _require_known(rows, fixes)
    dropped = {rows[fix.path] for fix in fixes if fix.action == "drop"}
    kept = [row for row in range(len(catalog)) if row not in dropped]
    table = catalog.table.with_columns(
        _changed(catalog.table["label"], rows, _new_labels(fixes)),
        _changed(catalog.table["group"], rows, _new_groups(catalog.table, rows, fixes)),
    )
    thumbs = catalog.thumbs
    chosen = thumbs.select(kept) if isinstance(thumbs, Rows) else thumbs[kept]
    return replace(catalog, table=table[kept], thumbs=chosen)


def _require_known(rows: Mapping[str, int], fixes: Sequence[Fix]) -> None:
    unknown = sorted({path for fix in fixes for path in (fix.path, fix.other) if path and path not in rows})
    if unknown:
        more = f", and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        raise FixesError(
            f"The fixes name pictures that are not there: {unknown[0]}{more}.",
            hint="Correct the path or remove the row; paths are relative to the folder that was checked.",
        )


def _changed(column: pl.Series, rows: Mapping[str, int], values: Mapping[str, str]) -> pl.Series:
    changed = column.to_list()
    for path, value in values.items():
        changed[rows[path]] = value
    return pl.Series(column.name, changed, pl.String)


def _new_labels(fixes: Sequence[Fix]) -> dict[str, str]:
    labels: dict[str, str] = {}
    for fix in fixes:
        if fix.action == "relabel" and labels.setdefault(fix.path, fix.value) != fix.value:
            raise FixesError(
                f"{fix.path} is to be both {labels[fix.path]!r} and {fix.value!r}.", hint="Keep one of the two rows."
            )
    return labels


def _new_groups(table: pl.DataFrame, rows: Mapping[str, int], fixes: Sequence[Fix]) -> dict[str, str]:
    """Name one group for all pictures that fixes tie together, by pair or by name."""
    names: dict[str, str] = {}
    members: dict[str, list[str]] = {}
    for fix in fixes:
        if fix.action == "group":
            tied = [path for path in (fix.path, fix.other) if path]
            declared = [group for group in (table["group"][rows[path]] for path in tied) if group]
            former = [names[path] for path in tied if path in names]
            name = fix.value or next(iter(former or declared), fix.other)
            joined = [member for group in dict.fromkeys([*former, name]) for member in members.pop(group, [])]
            members[name] = list(dict.fromkeys([*joined, *tied]))
            names.update((path, name) for path in members[name])
    return names
