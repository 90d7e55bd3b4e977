"""Functions that build the dataset section of the report, with class counts and sample images."""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from discern.reporting.charts import stacked_bar
from discern.reporting.formatting import DASH
from discern.reporting.gallery import Gallery, PageImage

if TYPE_CHECKING:
    from markupsafe import Markup

    from discern.catalog import Catalog

PARTS = ("train", "validation", "test")
_SIDES = (0, 32, 64, 128, 256, 512, 1024, 2048)


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
class DatasetSummary:
    """Contents of the dataset section of the report."""

    pictures: int
    unreadable: int
    parts: tuple[str, ...]
    classes: tuple[ClassRow, ...]
    negatives: int
    unlabelled: int
    sides: tuple[Bar, ...]
    formats: tuple[Bar, ...]
    modes: tuple[Bar, ...]
    smallest: str
    median: str
    largest: str


def describe_dataset(catalog: "Catalog", gallery: Gallery, *, seed: int = 0) -> DatasetSummary:
    """Build the dataset section of the report, with samples drawn by `seed`."""
    readable = np.flatnonzero(catalog.readable)
    column = {name: catalog.table.get_column(name).to_list() for name in ("part", "width", "height", "format", "mode")}
    part = [column["part"][row] or "" for row in readable]
    parts = tuple(name for name in (*PARTS, *sorted(set(part) - {*PARTS, ""}), "") if name in part)
    sides = np.array([min(column["width"][row], column["height"][row]) for row in readable], dtype=np.int64)
    by_area = sorted(readable, key=lambda row: column["width"][row] * column["height"][row])
    sizes = [f"{column['width'][row]} \N{MULTIPLICATION SIGN} {column['height'][row]}" for row in by_area] or [DASH]
    return DatasetSummary(
        pictures=len(readable),
        unreadable=len(catalog.readable) - len(readable),
        parts=parts if parts != ("",) else (),
        classes=_classes(catalog, gallery, part, parts, seed=seed),
        negatives=int(catalog.negative.sum()),
        unlabelled=int((catalog.label_index[readable] < 0).sum() - catalog.negative.sum()),
        sides=_side_bars(sides),
        formats=_bars(Counter(column["format"][row] for row in readable)),
        modes=_bars(Counter(column["mode"][row] for row in readable)),
        smallest=sizes[0],
        median=sizes[len(sizes) // 2],
        largest=sizes[-1],
    )


def samples_per_class(classes: int) -> int:
    """Return the number of sample images to show for each class."""
    return 10 if classes <= 4 else 8 if classes <= 15 else 5 if classes <= 60 else 4 if classes <= 200 else 2


def _classes(
    catalog: "Catalog", gallery: Gallery, part: list[str], parts: tuple[str, ...], *, seed: int
) -> tuple[ClassRow, ...]:
    random = np.random.default_rng(seed)
    readable = np.flatnonzero(catalog.readable)
    index = catalog.label_index[readable]
    counts = Counter(zip(index.tolist(), part, strict=True))
    totals = np.bincount(index[index >= 0], minlength=len(catalog.labels))
    most = max(1, int(totals.max(initial=0)))
    shown = samples_per_class(len(catalog.labels))
    large = len(catalog.labels) <= 15
    rows = []
    for number, label in enumerate(catalog.labels):
        own = readable[index == number]
        sample = random.choice(own, size=min(shown, len(own)), replace=False).tolist()
        each = tuple(counts[number, name] for name in parts)
        rows.append(
            ClassRow(
                label=label,
                counts=each if len(parts) > 1 else (),
                total=len(own),
                bar=stacked_bar(each, total=most),
                samples=tuple(gallery.picture(row, 112) if large else gallery.thumbnail(row) for row in sample),
            )
        )
    return tuple(rows)


def _side_bars(sides: np.ndarray) -> tuple[Bar, ...]:
    bars = []
    for first, last in zip(_SIDES, (*_SIDES[1:], None), strict=True):
        inside = int(((sides >= first) & (sides < (last or np.inf))).sum())
        name = f"under {last}" if not first else f"{first} or more" if last is None else f"{first} to {last - 1}"
        bars.append(Bar(name=f"{name} px", count=inside, bar=stacked_bar([inside], total=max(1, len(sides)))))
    filled = [index for index, bar in enumerate(bars) if bar.count]
    return tuple(bars[filled[0] : filled[-1] + 1]) if filled else ()


def _bars(counts: Counter[Any]) -> tuple[Bar, ...]:
    total = max(1, sum(counts.values()))
    return tuple(
        Bar(name=str(name or "unknown"), count=number, bar=stacked_bar([number], total=total))
        for name, number in counts.most_common()
    )
