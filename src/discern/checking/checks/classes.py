"""Data quality checks that find small and imbalanced classes, and classes whose labels are nearly the same."""

from collections.abc import Iterable, Iterator

import numpy as np
import polars as pl

from discern.catalog.label_text import label_look, show_label
from discern.checking.film_remedy import FILM_REMEDY
from discern.checking.findings import CheckInput, Finding


def small_class(data: CheckInput) -> Iterator[Finding]:
    """Find classes with too few independent groups to train and test on."""
    fewest = data.config.fewest_groups
    table = data.catalog.table.select("label", readable=data.catalog.readable, group=data.groups.group)
    for (label,), members in table.with_row_index("row").group_by("label", maintain_order=True):
        usable = members.filter("readable")
        groups = usable["group"].n_unique()
        if label is not None and groups < fewest:
            rows = tuple((usable if len(usable) else members)["row"])
            films = usable.filter(pl.Series(data.film_frames[usable["row"].to_numpy()], dtype=pl.Boolean))
            why = _small_class_reason(label, usable, films, fewest)
            yield Finding(check="small_class", rows=rows, score=1 - groups / fewest, action="keep", why=why)


def _small_class_reason(label: str, usable: pl.DataFrame, films: pl.DataFrame, fewest: int) -> str:
    groups, filmed = usable["group"].n_unique(), films["group"].n_unique()
    too_few = f"fewer than {fewest} are too few to predict the accuracy on new pictures."
    if groups == 1 and filmed:
        return (
            f"Class '{show_label(label)}' is one film of {len(usable)} pictures, which count as one independent group; "
            f"{too_few} {FILM_REMEDY}"
        )
    counted = f"Class '{show_label(label)}' has {groups} independent groups of pictures ({len(usable)} pictures"
    if 2 * len(films) > len(usable):
        takes = "one film" if filmed == 1 else f"{filmed} films"
        return f"{counted}, {len(films)} of them frames of {takes}); {too_few} {FILM_REMEDY}"
    return f"{counted}); {too_few} Add pictures from other occasions."


def imbalance(data: CheckInput) -> Iterator[Finding]:
    """Find classes with far fewer independent groups than the largest class.

    Many such classes are one finding.
    """
    table = pl.DataFrame({"label": data.labels, "group": data.groups.group}).with_row_index("row")
    classes = table.filter(pl.col("label") >= 0).group_by("label").agg("row", groups=pl.col("group").n_unique())
    largest = int(classes["groups"].max() or 0)  # type: ignore[arg-type]
    rare = classes.filter(pl.col("groups") < largest * data.config.rare_share).sort("groups", "label")
    names = [
        f"'{show_label(data.catalog.labels[label])}' has {groups}"
        for label, groups in rare.select("label", "groups").rows()
    ]
    if len(rare) > _MOST_SINGLE_FINDINGS:
        summary = f"{len(rare)} of {len(classes)} classes have few independent groups: {', '.join(names[:3])}, ..."
        yield _rare_finding(sorted(rare["row"].explode()), summary, int(rare["groups"][0]), largest)
        return
    for name, groups, rows in zip(names, rare["groups"], rare["row"], strict=True):
        yield _rare_finding(sorted(rows), f"Class {name} independent groups", groups, largest)


_MOST_SINGLE_FINDINGS = 5


def _rare_finding(rows: Iterable[int], summary: str, groups: int, largest: int) -> Finding:
    why = (
        f"{summary}; the largest class has {largest}. A model may favour the common classes, which the "
        "overall accuracy hardly shows. Add pictures of the rare classes, and compare the metrics of each class."
    )
    return Finding(check="imbalance", rows=tuple(rows), score=1 - groups / largest, action="keep", why=why)


def similar_labels(data: CheckInput) -> Iterator[Finding]:
    """Find classes whose labels differ only in case, blanks, hyphens, or letters that look alike."""
    alike: dict[str, list[int]] = {}
    for place, label in enumerate(data.catalog.labels):
        alike.setdefault(label_look(label), []).append(place)
    for places in alike.values():
        if len(places) < 2:
            continue
        rows = {place: np.flatnonzero(data.labels == place).tolist() for place in places}
        largest = max(places, key=lambda place: len(rows[place]))
        names = [f"'{show_label(data.catalog.labels[place])}' ({len(rows[place])} pictures)" for place in places]
        why = (
            f"The labels {', '.join(names[:-1])} and {names[-1]} differ only in {_difference(data, places)}, and are "
            "classes of their own. If they mean the same, give their folders or rows one name."
        )
        others = tuple(row for place in places if place != largest for row in rows[place])
        yield Finding(check="similar_labels", rows=others, score=1.0, action="keep", why=why)


def _difference(data: CheckInput, places: Iterable[int]) -> str:
    labels = [data.catalog.labels[place] for place in places]
    if len({label.lower() for label in labels}) == 1:
        return "upper and lower case"
    if len({"".join(label.split()) for label in labels}) == 1:
        return "blanks"
    return "case, blanks, hyphens or letters that look alike"
