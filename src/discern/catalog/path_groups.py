"""Functions that declare groups of pictures by a regular expression over their paths (`--group-by`)."""

import re
import warnings
from dataclasses import replace
from pathlib import Path

import polars as pl
from polars.exceptions import ComputeError

from discern.catalog.label_text import normalise_label
from discern.catalog.path_text import MEMBER, to_text
from discern.catalog.table import Catalog
from discern.errors import UsageError

_ALONE = "//"  # no path contains it, so that no match equals the name of a group of one picture
_LONGEST = 1000
_EXAMPLE = r"--group-by 'bed_\d+' or --group-by '^[^/]+/([^_]+)_'"


def check_pattern(pattern: str) -> str:
    """Return a pattern unchanged if it is a regular expression.

    Raises:
        UsageError: the pattern is not a regular expression, or too long.
    """
    try:
        if not 0 < len(pattern) <= _LONGEST:
            raise ValueError(f"it has {len(pattern)} characters")
        _compile(pattern)
    except (re.error, ValueError, OverflowError, RecursionError) as error:
        raise UsageError(
            f"--group-by is not a valid regular expression: {pattern[:80]!r} ({error}).",
            hint=f"Write one that matches the part of a path that names its group, such as {_EXAMPLE}.",
        ) from error
    return pattern


def group_by_path(catalog: Catalog, pattern: str, source: Path) -> Catalog:
    """Return a new catalog in which the paths of the files declare their groups.

    The pattern is searched in each path relative to the source, with "/" between folders; the match, or its first
    group, names the group. A file without a match is a group of its own. Groups that a list declares are replaced.

    Args:
        catalog: catalog of the source.
        pattern: regular expression. Matching takes linear time unless it looks around or refers back.
        source: path of the source.

    Raises:
        UsageError: the pattern is not a regular expression, or matches no picture.
    """
    paths = catalog.table["path"]
    inside = paths.str.strip_prefix(f"{to_text(source.name)}{MEMBER}")
    found = _search(inside, check_pattern(pattern))
    names = pl.Series([normalise_label(name or "") or None for name in found], dtype=pl.String)
    if names.filter(catalog.readable).is_null().all():
        example = inside.filter(catalog.readable).first() if catalog.readable.any() else None
        raise UsageError(
            f"--group-by {pattern!r} matches none of the {int(catalog.readable.sum()):,} paths of pictures"
            f"{f', such as {example!r}' if example else ''}.",
            hint="It is searched in the path relative to the source, with / between folders; case matters.",
        )
    return replace(catalog, table=catalog.table.with_columns(group=names.fill_null(_ALONE + paths)))


def count_unmatched(catalog: Catalog) -> int:
    """Count the pictures that `group_by_path` made groups of their own, as the pattern does not match their paths."""
    alone = catalog.table.select((pl.col("group") == _ALONE + pl.col("path")).fill_null(value=False)).to_series()
    return int((alone.to_numpy() & catalog.readable).sum())


def _search(paths: pl.Series, pattern: str) -> list[str | None]:
    """Search a valid pattern in each path, and return the match, or its first group if that takes part."""
    compiled = _compile(pattern)
    try:
        found = paths.str.extract(pattern, 0)
        if compiled.groups:
            found = paths.str.extract(pattern, 1).fill_null(found)
    except ComputeError:  # lookaround and references back, which only Python's slower engine knows
        return [None if match is None else _name(match) for match in map(compiled.search, paths)]
    return found.to_list()


def _compile(pattern: str) -> re.Pattern[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of sets whose meaning may change
        return re.compile(pattern)


def _name(match: re.Match[str]) -> str:
    first: str | None = match[1] if match.re.groups else None
    return match[0] if first is None else first
