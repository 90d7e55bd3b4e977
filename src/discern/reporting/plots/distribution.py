"""Distribution of a measure over the pictures of a catalog, overall and by class."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from discern.reporting.plots.class_counts import rows_by_class
from discern.reporting.plots.measures import MEASURES, Measure

if TYPE_CHECKING:
    from discern.catalog import Catalog

_BINS, _WHOLE_NUMBERS = 32, 3
# Not tuned: a quarter of an octave on each side of equal values.
_LEAST_MARGIN = 1.19
_LEAST_GAP = 0.13


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Five-number summary of a measure, with the number of pictures."""

    pictures: int
    smallest: float
    lower_quartile: float
    median: float
    upper_quartile: float
    largest: float

    @classmethod
    def of(cls, values: np.ndarray) -> Self:
        """Summarise one value or more."""
        return cls(pictures=len(values), **dict(zip(_ENDS, np.quantile(values, _QUANTILES).tolist(), strict=True)))


_ENDS = ("smallest", "lower_quartile", "median", "upper_quartile", "largest")
_QUANTILES = (0, 0.25, 0.5, 0.75, 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Distribution:
    """Distribution of a measure over the readable pictures of a catalog.

    Attributes:
        measure: the measure.
        edges: float `[B + 1]`, edges of the histogram's bins, in equal ratios.
        counts: int `[B]`, number of pictures in each bin.
        overall: summary of all pictures.
        by_class: summary of each class that has pictures, in the order of the labels, `_other` last.
    """

    measure: Measure
    edges: np.ndarray
    counts: np.ndarray
    overall: Spread
    by_class: dict[str, Spread]

    @property
    def summary(self) -> str:
        """Return the median and the range of all pictures in words."""
        text, overall = self.measure.text, self.overall
        first, last = text(overall.smallest), text(overall.largest)
        return f"all {first}" if first == last else f"median {text(overall.median)}, from {first} to {last}"

    def place(self, value: float) -> float:
        """Return the position of a value on the logarithmic axis, 0 at the left edge and 1 at the right."""
        first, last = np.log(self.edges[[0, -1]])
        return float((np.log(value) - first) / (last - first))

    def ticks(self, *, least_gap: float = _LEAST_GAP) -> list[tuple[float, str]]:
        """Return round values for the axis, with their texts, whose positions are at least `least_gap` apart."""
        first, last = float(self.edges[0]), float(self.edges[-1])
        constant = [self.overall.median] if self.overall.smallest == self.overall.largest else []
        chosen: dict[str, float] = {}
        for value in (*constant, *self.measure.marks(first, last)):
            place, text = self.place(value), self.measure.text(value)
            if text not in chosen and all(abs(place - self.place(other)) > least_gap for other in chosen.values()):
                chosen[text] = value
        return [(value, text) for text, value in sorted(chosen.items(), key=lambda tick: tick[1])]

    def histogram_json(self) -> dict[str, Any]:
        """Return the histogram as JSON-ready values."""
        return self._head() | {
            "overall": asdict(self.overall),
            "edges": [round(edge, 6) for edge in self.edges.tolist()],
            "counts": self.counts.tolist(),
        }

    def classes_json(self) -> dict[str, Any]:
        """Return the summaries of the classes as JSON-ready values."""
        return self._head() | {"classes": {label: asdict(spread) for label, spread in self.by_class.items()}}

    def _head(self) -> dict[str, Any]:
        return {"title": self.measure.title, "unit": self.measure.unit, "pictures": self.overall.pictures}


def measure_distributions(catalog: "Catalog") -> list[Distribution]:
    """Return the distribution of each measure that is known for a picture of a catalog."""
    found = [_measure(catalog, measure) for measure in MEASURES]
    return [each for each in found if each is not None]


def _measure(catalog: "Catalog", measure: Measure) -> Distribution | None:
    values = measure.values(catalog.table)
    known = catalog.readable & np.isfinite(values)
    if not known.any():
        return None
    edges = _edges(values[known], whole=measure.whole)
    by_class = {label: values[own][known[own]] for label, own in rows_by_class(catalog).items()}
    return Distribution(
        measure=measure,
        edges=edges,
        counts=np.histogram(values[known], bins=edges)[0],
        overall=Spread.of(values[known]),
        by_class={label: Spread.of(own) for label, own in by_class.items() if len(own)},
    )


def _edges(values: np.ndarray, *, whole: bool) -> np.ndarray:
    """Return the edges of bins in equal ratios; of whole numbers each bin has one or several, so that none is empty."""
    low, high = float(values.min()), float(values.max())
    margin = max((high / low) ** 0.02, _LEAST_MARGIN / (high / low) ** 0.5, 1.001)
    low, high = low / margin, high * margin
    if not whole:
        return np.geomspace(low, high, _BINS + 1)
    first, last = max(np.floor(low), 1.0) - 0.5, np.ceil(high) + 0.5
    if last - first <= _BINS:
        return np.arange(first, last + 1)
    edges = [first]
    for edge in (np.floor(np.geomspace(first, last, _BINS + 1)) + 0.5).tolist():
        if edge >= edges[-1] + _WHOLE_NUMBERS and edge <= last - _WHOLE_NUMBERS:
            edges.append(edge)
    return np.array([*edges, last])
