"""Measures of picture files, such as the file size, whose distribution is shown."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

_RATIOS = (
    1,
    2,
    1 / 2,
    4,
    1 / 4,
    3 / 2,
    2 / 3,
    4 / 3,
    3 / 4,
    16 / 9,
    9 / 16,
    8,
    1 / 8,
    3,
    1 / 3,
    16,
    1 / 16,
    64,
    1 / 64,
)
_RATIO_NAMES = {3 / 2: "3:2", 2 / 3: "2:3", 4 / 3: "4:3", 3 / 4: "3:4", 16 / 9: "16:9", 9 / 16: "9:16"}
_BYTES = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


@dataclass(frozen=True, kw_only=True)
class Measure:
    """Measure of each picture file on a logarithmic axis.

    Attributes:
        name: name of its files.
        title: title of its figures.
        axis: label of its axis, with the unit.
        unit: unit in JSON.
        values: computes the measure from a catalog's table; NaN where it is unknown.
        text: formats a value, with its unit.
        marks: yields candidates for the ticks between two values, the most important first.
        whole: whether the values are whole numbers.
    """

    name: str
    title: str
    axis: str
    unit: str
    values: Callable[[pl.DataFrame], np.ndarray]
    text: Callable[[float], str]
    marks: Callable[[float, float], Iterator[float]]
    whole: bool = True


def _numbers(table: pl.DataFrame, expression: pl.Expr) -> np.ndarray:
    values = table.select(expression.cast(pl.Float64).fill_null(math.nan)).to_series().to_numpy()
    return np.where(values > 0, values, math.nan)


def _file_size(size: float) -> str:
    """Format a file size with two digits or more, such as `1.2 MB`."""
    for unit, name in _BYTES:
        if size >= 0.9995 * unit:
            return f"{_digits(size / unit)} {name}"
    return f"{size:.0f} B"


def _digits(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0") if number < 9.95 else f"{number:,.0f}"


def _aspect(ratio: float) -> str:
    """Format a ratio of width to height by its usual name, or as a decimal number to 1."""
    for known, name in _RATIO_NAMES.items():
        if math.isclose(ratio, known, rel_tol=0.004):
            return name
    if ratio >= 0.996:
        return f"{ratio:.2f}".rstrip("0").removesuffix(".") + ":1"
    return "1:" + f"{1 / ratio:.2f}".rstrip("0").removesuffix(".")


def _pixels(side: float) -> str:
    return f"{side:,.0f} px"


def _ratio_marks(low: float, high: float) -> Iterator[float]:
    return (ratio for ratio in _RATIOS if low <= ratio <= high)


def _round_marks(low: float, high: float) -> Iterator[float]:
    """Yield powers of ten, then their doubles and halves, then round numbers between them."""
    decades = [10.0**power for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)]
    for factors in ((1,), (5, 2), (3, 7), (1.5, 4, 6, 8, 9), (1.2, 1.4, 1.6, 1.8, 2.5)):
        for factor in factors:
            yield from (decade * factor for decade in decades if low <= decade * factor <= high)


MEASURES = (
    Measure(
        name="file_sizes",
        title="File sizes",
        axis="file size",
        unit="bytes",
        values=lambda table: _numbers(table, pl.col("bytes")),
        text=_file_size,
        marks=_round_marks,
    ),
    Measure(
        name="aspect_ratios",
        title="Aspect ratios",
        axis="aspect ratio (width : height)",
        unit="width / height",
        values=lambda table: _numbers(table, pl.col("width") / pl.col("height")),
        text=_aspect,
        marks=_ratio_marks,
        whole=False,
    ),
    Measure(
        name="resolutions",
        title="Resolutions",
        axis="shorter side (pixels)",
        unit="pixels of the shorter side",
        values=lambda table: _numbers(table, pl.min_horizontal("width", "height")),
        text=_pixels,
        marks=_round_marks,
    ),
)
"""All measures, in the order of their figures."""
