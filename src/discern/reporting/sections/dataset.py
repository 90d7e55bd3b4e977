"""Functions that build the dataset section of the report, with class counts and sample images."""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from discern.reporting.charts import stacked_bar
from discern.reporting.formatting import DASH
from discern.reporting.gallery import Gallery, PageImage
from discern.reporting.plots.class_counts import ClassCounts, count_classes
from discern.reporting.plots.distribution import Distribution, Spread, measure_distributions
from discern.reporting.plots.histogram import histogram, range_track

if TYPE_CHECKING:
    from markupsafe import Markup

    from discern.catalog import Catalog


@dataclass(frozen=True, kw_only=True)
class ClassRow:
    """Row of the class table, with image counts by split and sample images."""

    label: str
    counts: tuple[int, ...]
    total: int
    bar: "Markup"
    samples: tuple[PageImage, ...]


@dataclass(frozen=True, kw_only=True)
class Bar:
    """Bar of a bar chart in the dataset section, with its label and value."""

    name: str
    count: int
    bar: "Markup"


@dataclass(frozen=True, kw_only=True)
class ClassRange:
    """Range of a measure of a class, as a chart and in words."""

    track: "Markup"
    median: str
    ends: str


@dataclass(frozen=True, kw_only=True)
class MeasureSummary:
    """Histogram of a measure, such as the file size, and its range in each class."""

    title: str
    axis: str
    summary: str
    chart: "Markup"
    ranges: "dict[str, ClassRange]"


@dataclass(frozen=True, kw_only=True)
class DatasetSummary:
    """Contents of the dataset section of the report."""

    pictures: int
    unreadable: int
    parts: tuple[str, ...]
    part_totals: tuple[int, ...]
    classes: tuple[ClassRow, ...]
    negatives: int
    unlabelled: int
    measures: tuple[MeasureSummary, ...]
    formats: tuple[Bar, ...]
    modes: tuple[Bar, ...]
    smallest: str
    median: str
    largest: str


def describe_dataset(catalog: "Catalog", gallery: Gallery, *, seed: int = 0) -> DatasetSummary:
    """Build the dataset section of the report, with samples drawn by `seed`."""
    readable = np.flatnonzero(catalog.readable)
    column = {name: catalog.table.get_column(name).to_list() for name in ("width", "height", "format", "mode")}
    counts = count_classes(catalog)
    by_area = sorted(readable, key=lambda row: column["width"][row] * column["height"][row])
    sizes = [f"{column['width'][row]} \N{MULTIPLICATION SIGN} {column['height'][row]}" for row in by_area] or [DASH]
    return DatasetSummary(
        pictures=len(readable),
        unreadable=len(catalog.readable) - len(readable),
        parts=counts.parts,
        part_totals=tuple(counts.in_part(place, catalog.labels) for place in range(len(counts.parts))),
        classes=_classes(catalog, gallery, counts, seed=seed),
        negatives=int(catalog.negative.sum()),
        unlabelled=counts.unlabelled,
        measures=tuple(map(_summarise, measure_distributions(catalog))),
        formats=count_bars(Counter(column["format"][row] for row in readable)),
        modes=count_bars(Counter(column["mode"][row] for row in readable)),
        smallest=sizes[0],
        median=sizes[len(sizes) // 2],
        largest=sizes[-1],
    )


def samples_per_class(classes: int) -> int:
    """Return the number of sample images to show for each class."""
    return 10 if classes <= 4 else 8 if classes <= 15 else 5 if classes <= 60 else 4 if classes <= 200 else 2


def _classes(catalog: "Catalog", gallery: Gallery, counts: ClassCounts, *, seed: int) -> tuple[ClassRow, ...]:
    random = np.random.default_rng(seed)
    most = max(1, *map(counts.total, catalog.labels), 0)
    shown = samples_per_class(len(catalog.labels))
    large = len(catalog.labels) <= 15
    rows = []
    for number, label in enumerate(catalog.labels):
        own = np.flatnonzero(catalog.label_index == number)
        sample = random.choice(own, size=min(shown, len(own)), replace=False).tolist()
        rows.append(
            ClassRow(
                label=label,
                counts=counts.classes[label] if len(counts.parts) > 1 else (),
                total=len(own),
                bar=stacked_bar(counts.classes[label], total=most),
                samples=tuple(gallery.picture(row, 112) if large else gallery.thumbnail(row) for row in sample),
            )
        )
    return tuple(rows)


def _summarise(distribution: Distribution) -> MeasureSummary:
    return MeasureSummary(
        title=distribution.measure.title,
        axis=distribution.measure.axis,
        summary=distribution.summary,
        chart=histogram(distribution),
        ranges={label: _range(distribution, spread) for label, spread in distribution.by_class.items()},
    )


def _range(distribution: Distribution, spread: Spread) -> ClassRange:
    text = distribution.measure.text
    first, last = text(spread.smallest), text(spread.largest)
    return ClassRange(
        track=range_track(distribution, spread),
        median=text(spread.median),
        ends="" if first == last else f"{first} to {last}",
    )


def count_bars(counts: Counter[Any]) -> tuple[Bar, ...]:
    """Return a bar for each counted value, the most frequent first."""
    total = max(1, sum(counts.values()))
    return tuple(
        Bar(name=str(name or "unknown"), count=number, bar=stacked_bar([number], total=total))
        for name, number in counts.most_common()
    )
