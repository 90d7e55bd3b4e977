"""Differences between the pictures of two runs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from discern.catalog import Catalog
from discern.catalog.label_text import show_label
from discern.flow.prepare import CATALOG, EDGES
from discern.flow.run import Run
from discern.grouping import form_groups

_MOST_PATHS = 20
KINDS = ("added", "removed", "moved", "relabelled", "regrouped", "other_bytes")


@dataclass(frozen=True, kw_only=True)
class DataChanges:
    """Pictures that differ between two runs, A and B.

    Attributes:
        pictures: number of files in the catalogs of A and B.
        same: number of files in both with the same path, bytes, label and group.
        changes: for each of `KINDS`, the paths with the label, which are A's for removed pictures and else B's. Moved
            pictures have the same bytes and label at another path; with another label, they are relabelled.
        relabelled: for relabelled pictures, both labels.
    """

    pictures: tuple[int, int]
    same: int
    changes: dict[str, list[tuple[str, str | None]]]
    relabelled: dict[str, tuple[str | None, str | None]]

    @property
    def any(self) -> bool:
        """Return True if a picture differs."""
        return any(self.changes.values())

    def to_json(self) -> dict[str, Any]:
        """Return JSON-ready values: for each of `KINDS` the number, that by class, and the first paths."""
        return {
            "pictures": {"a": self.pictures[0], "b": self.pictures[1]},
            "same": self.same,
            **{kind: self._describe(kind) for kind in KINDS},
        }

    def _describe(self, kind: str) -> dict[str, Any]:
        rows = self.changes[kind]
        found: dict[str, Any] = {
            "count": len(rows),
            "classes": dict(sorted(Counter(label for _, label in rows if label is not None).items())),
            "paths": [path for path, _ in rows[:_MOST_PATHS]],
        }
        if kind == "relabelled":
            shown = list(self.relabelled.items())[:_MOST_PATHS]
            found["labels"] = {path: {"a": before, "b": after} for path, (before, after) in shown}
        return found


def compare_data(a: Run, b: Run) -> DataChanges | None:
    """Compare the pictures of two runs by their paths; None if a run has no catalog.

    Raises:
        RunError: a catalog cannot be read.
    """
    if not (a.path(CATALOG).exists() and b.path(CATALOG).exists()):
        return None
    found = all(run.path(EDGES).exists() for run in (a, b))
    first, second = (tabulate_pictures(run, found=found) for run in (a, b))
    both = first.join(second, on="path", suffix="_b").with_columns(path_b="path")
    removed, added = first.join(second, on="path", how="anti"), second.join(first, on="path", how="anti")
    moved = _moved(removed, added)
    # Where folders are labels, moving a picture to another class changes its label.
    relabelled = pl.concat([both.select(moved.columns), moved]).filter(pl.col("label").ne_missing(pl.col("label_b")))
    frames = {
        "added": added.filter(~pl.col("path").is_in(moved["path_b"].implode())).select("path", "label"),
        "removed": removed.filter(~pl.col("path").is_in(moved["path"].implode())).select("path", "label"),
        "moved": _of_b(moved.filter(pl.col("label").eq_missing(pl.col("label_b")))),
        "relabelled": _of_b(relabelled),
        "regrouped": _of_b(both.filter(_regrouped(both))),
        "other_bytes": _of_b(both.filter(pl.col("content").ne_missing(pl.col("content_b")))),
    }
    changed = {path for kind in ("relabelled", "regrouped", "other_bytes") for path in frames[kind]["path"]}
    return DataChanges(
        pictures=(len(first), len(second)),
        same=len(set(both["path"]) - changed),
        changes={kind: frame.sort("path").rows() for kind, frame in frames.items()},
        relabelled={path: (old, new) for path, old, new in relabelled.select("path_b", "label", "label_b").iter_rows()},
    )


def _of_b(both: pl.DataFrame) -> pl.DataFrame:
    return both.select(path="path_b", label="label_b")


def describe_data(changes: DataChanges, *, names: tuple[str, str] = ("in A", "in B")) -> list[str]:
    """Describe the changes in lines of text."""
    a, b = changes.pictures
    if not changes.any:
        return [f"the same {a:,} pictures, labels and groups"]
    words = {
        "added": "added",
        "removed": "removed",
        "moved": "moved to another path",
        "relabelled": "relabelled",
        "regrouped": "in another group",
        "other_bytes": "with other bytes",
    }
    lines = [f"{a:,} pictures {names[0]}, {b:,} {names[1]}, {changes.same:,} the same"]
    for kind, rows in changes.changes.items():
        if rows:
            classes = Counter(show_label(label) if label is not None else "no label" for _, label in rows)
            named = ", ".join(f"{label} {count:,}" for label, count in classes.most_common(6))
            more = f", and {len(classes) - 6} more classes" if len(classes) > 6 else ""
            lines.append(f"{len(rows):,} {words[kind]}: {named}{more}; {_first([path for path, _ in rows])}")
    return lines


def _first(paths: Sequence[str]) -> str:
    more = ", ..." if len(paths) > 2 else ""
    return f"{', '.join(paths[:2])}{more}"


def tabulate_pictures(run: Run, *, found: bool = True) -> pl.DataFrame:
    """Return the path, content, pixels, label and group of each file of a run.

    Groups are those that were found, with the declared ones, or the declared ones alone.

    Raises:
        RunError: the catalog or the pairs of pictures cannot be read.
    """
    with run.reading(CATALOG) as path:
        catalog = Catalog.load_table(path)
    table = catalog.table.select("path", "content", "pixels", "label", pl.coalesce("group", "path").alias("group"))
    if not found:
        return table
    with run.reading(EDGES) as path:
        edges = pl.read_parquet(path).select("first", "second", "kind", "score")
        return table.with_columns(group=pl.Series(form_groups(catalog, edges).group.astype(str)))


def _moved(removed: pl.DataFrame, added: pl.DataFrame) -> pl.DataFrame:
    """Return the pictures whose bytes are at another path, as `both`; copies are paired in order."""
    old, new = (_numbered(table) for table in (removed, added))
    pairs = old.join(new, on=("content", "number"), suffix="_b")
    return pairs.select("path", "content", "label", "group", "label_b", "group_b", "path_b", content_b="content")


def _numbered(table: pl.DataFrame) -> pl.DataFrame:
    known = table.drop_nulls("content").sort("path")
    return known.with_columns(number=pl.int_range(pl.len()).over("content"))


def _regrouped(both: pl.DataFrame) -> pl.Series:
    """Return a mask of the pictures that share a group with other pictures than before, among those in both runs."""
    before, after = (_mates(both[column].to_list()) for column in ("group", "group_b"))
    return pl.Series([first != second for first, second in zip(before, after, strict=True)], dtype=pl.Boolean)


def _mates(groups: Sequence[str]) -> list[tuple[int, ...]]:
    """Return the rows of each row's group."""
    members: dict[str, list[int]] = {}
    for row, group in enumerate(groups):
        members.setdefault(group, []).append(row)
    rows = {group: tuple(at) for group, at in members.items()}
    return [rows[group] for group in groups]
