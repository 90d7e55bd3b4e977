"""Functions that show pictures of none of the classes that were accepted, or answered as a class."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from discern.evaluating import Interval
from discern.reporting.formatting import count, percent, percent_interval
from discern.reporting.gallery import Gallery
from discern.reporting.sections.example_predictions import ExamplePrediction

if TYPE_CHECKING:
    from discern.catalog import Catalog
    from discern.evaluating import NegativeMetrics

MAX_SHOWN = 12
_SIDE = 144


@dataclass(frozen=True, kw_only=True, eq=False)
class NegativeTable:
    """Predictions for the pictures of none of the classes in one catalog.

    Attributes:
        catalog: the pictures.
        rows: int [M], positions in the catalog.
        predicted: int [M], positions of the most probable labels.
        confidence: float [M], their probabilities.
        decision: M of "accept", "review" or "unknown".
        pictures: returns the upright pixels of a row, uint8 [H, W, 3].
    """

    catalog: "Catalog"
    rows: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray
    decision: np.ndarray
    pictures: Callable[[int], np.ndarray]


@dataclass(frozen=True, kw_only=True)
class NegativeGroup:
    """Negatives with one decision: their rate, and the most confident of them as pictures.

    Attributes:
        title: the decision in words.
        meaning: its consequence.
        count: number of negatives with this decision.
        rate: their share of all negatives, with its interval.
        shown: the most confident ones.
    """

    title: str
    meaning: str
    count: str
    rate: str
    shown: tuple[ExamplePrediction, ...]


@dataclass(frozen=True, kw_only=True)
class NegativeExamples:
    """Contents of the report's section on negatives that were not called unknown."""

    pictures: int
    groups: tuple[NegativeGroup, ...]


def describe_negatives(
    tables: Sequence[NegativeTable], metrics: "NegativeMetrics | None", labels: Sequence[str]
) -> NegativeExamples | None:
    """Build the section, or return None without negatives.

    Args:
        tables: the negatives of each catalog.
        metrics: their rates.
        labels: labels that `predicted` refers to.
    """
    pictures = sum(len(table.rows) for table in tables)
    if metrics is None or not pictures:
        return None
    groups = (
        ("accept", "Accepted as one of the classes", "Nobody would have looked at these.", metrics.accepted),
        (
            "review",
            "Answered as a class, for review",
            "Not called unknown: a person sees them with these labels proposed.",
            metrics.reviewed or Interval(),
        ),
    )
    return NegativeExamples(
        pictures=pictures,
        groups=tuple(
            NegativeGroup(
                title=title,
                meaning=meaning,
                count=count(sum(int((table.decision == decision).sum()) for table in tables)),
                rate=_rate(rate),
                shown=tuple(_most_confident(tables, decision, labels)),
            )
            for decision, title, meaning, rate in groups
        ),
    )


def _rate(share: Interval) -> str:
    return "" if share.value is None else f"{percent(share.value)}, 95 % interval {percent_interval(share)}"


def _most_confident(
    tables: Sequence[NegativeTable], decision: str, labels: Sequence[str]
) -> Iterator[ExamplePrediction]:
    """Yield the most confident negatives with a decision, one of each set of exact copies."""
    galleries = [Gallery(table.catalog, table.pictures) for table in tables]
    found = [
        (-float(table.confidence[place]), number, int(place))
        for number, table in enumerate(tables)
        for place in np.flatnonzero(table.decision == decision)
    ]
    seen: set[str | None] = set()
    for _, number, place in sorted(found):
        table, gallery = tables[number], galleries[number]
        row = int(table.rows[place])
        if gallery.pixels(row) in seen:
            continue
        seen.add(gallery.pixels(row))
        yield ExamplePrediction(
            image=gallery.picture(row, _SIDE),
            evidence=None,
            path=gallery.path(row),
            truth="",
            predicted=labels[int(table.predicted[place])],
            confidence=percent(float(table.confidence[place]), digits=0),
            correct=False,
            decision=decision,
        )
        if len(seen) == MAX_SHOWN:
            return
