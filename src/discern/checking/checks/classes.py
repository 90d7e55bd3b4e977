"""Checks of classes: whether each has enough independent pictures, for itself and beside the others."""

from collections.abc import Iterable, Iterator

import polars as pl

from discern.checking.findings import CheckInput, Finding


def small_class(evidence: CheckInput) -> Iterator[Finding]:
    """Classes with too few independent groups to be learned and judged well."""
    fewest = evidence.config.fewest_groups
    table = evidence.catalog.table.select("label", readable=evidence.catalog.readable, group=evidence.groups.group)
    for (label,), members in table.with_row_index("row").group_by("label", maintain_order=True):
        usable = members.filter("readable")
        groups = usable["group"].n_unique()
        if label is not None and groups < fewest:
            rows = tuple((usable if len(usable) else members)["row"])
            why = (
                f"Class '{label}' has {groups} independent groups of pictures ({len(usable)} pictures), and fewer than "
                f"{fewest} say little about new ones. Add pictures from other occasions."
            )
            yield Finding(check="small_class", rows=rows, score=1 - groups / fewest, action="keep", why=why)


def imbalance(evidence: CheckInput) -> Iterator[Finding]:
    """Classes with far fewer independent groups than the largest; many such classes are told once."""
    table = pl.DataFrame({"label": evidence.labels, "group": evidence.groups.group}).with_row_index("row")
    classes = table.filter(pl.col("label") >= 0).group_by("label").agg("row", groups=pl.col("group").n_unique())
    largest = int(classes["groups"].max() or 0)  # type: ignore[arg-type]
    rare = classes.filter(pl.col("groups") < largest * evidence.config.rare_share).sort("groups", "label")
    named = [
        f"'{evidence.catalog.labels[label]}' has {groups}" for label, groups in rare.select("label", "groups").rows()
    ]
    if len(rare) > _TOLD_APART:
        few = f"{len(rare)} of {len(classes)} classes have few independent groups: {', '.join(named[:3])}, and so on"
        yield _rare(sorted(rare["row"].explode()), few, int(rare["groups"][0]), largest)
        return
    for name, groups, rows in zip(named, rare["groups"], rare["row"], strict=True):
        yield _rare(sorted(rows), f"Class {name} independent groups", groups, largest)


_TOLD_APART = 5


def _rare(rows: Iterable[int], few: str, groups: int, largest: int) -> Finding:
    why = (
        f"{few}; the largest class has {largest}. A model is tempted to answer the common classes, and the accuracy "
        "hardly shows it. Add pictures of the rare ones, and look at each class's own figures."
    )
    return Finding(check="imbalance", rows=tuple(rows), score=1 - groups / largest, action="keep", why=why)
