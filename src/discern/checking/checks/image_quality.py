"""Data quality checks of image size, aspect ratio, brightness and sharpness.

Thresholds on light and blur were chosen with benchmarks/issue_detection.py (on its `TUNED_ON` packs, not its `BLIND`
ones), so that planted faults are found with few findings on clean pictures. The other thresholds were not tuned. A
threshold of `CheckConfig` that is set is the limit itself: it does not adapt to the set.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discern.checking.findings import CheckInput, Finding

Rows = NDArray[np.int64]

SMALLEST_SIDE, LARGE_SET_SIDE = 40.0, 64.0  # pixels; not tuned
BLANK_DEVIATION = 6.0  # of 255; faults.py: "one colour" with sensor noise of 3
# Levels of 255, and a share of the set's median. faults.py: "a quarter of the light", "a tenth of the light".
DARK, DARK_IN_LIGHT_SET, _DARK_SHARE = 64.0, 100.0, 0.45
BRIGHT = 150.0  # level of 255; faults.py: "washed out"
# Mostly white pictures, reported only where these are rarer than 5 %: 4 % and 6 % were tried before, to report fewer
# objects on white. faults.py: "two and a half times the light".
_WHITE_SHARE, _WHITE_1ST_PERCENTILE, _WHITE_5TH_PERCENTILE, _RARE_WHITE = 0.5, 60.0, 100.0, 0.05
# Clipped pictures: found more of "two and a half times the light" than the rules above (faults.py).
_CLIPPED_SHARE, _CLIPPED_DEVIATIONS, _LIGHTER_DEVIATIONS = 0.55, 4.5, 1.5
# Share of full steepness and deviations of its logarithm. faults.py: blur of 1, 2 and 4 % of the side.
BLURRED, BLURRED_IN_SHARP_SET, _BLUR_DEVIATIONS = 0.2, 0.36, 4.5
_UPPER_QUARTILE = 0.6745  # of the standard normal distribution
_SMALLEST_LIMIT = 1e-9  # of a score; avoids a division by zero
# Shares and number of pictures from which a property of many is one finding; not tuned.
_SHARE_OF_SET, _SHARE_OF_CLASS, _FEWEST_TOGETHER = 0.25, 0.5, 10


@dataclass(frozen=True, kw_only=True)
class _QualityRule:
    """Rule of one image quality check, with the flagged images and the texts of their findings.

    Attributes:
        check: the name of the check.
        flagged: bool [N].
        score: float [N], in [0, 1] where flagged.
        describe: describes the measured values of some rows, as a clause without an initial capital.
        remedy: sentences.
        action: for a single picture.
    """

    check: str
    flagged: NDArray[np.bool_]
    score: NDArray[np.floating]
    describe: Callable[[Rows], str]
    remedy: str
    action: Literal["keep", "drop"] = "keep"

    def findings(self, data: CheckInput) -> Iterator[Finding]:
        """Create a finding for each flagged image, or one for a class or data set with many of them."""
        readable = data.catalog.readable
        rows, labels = np.flatnonzero(self.flagged & readable), data.labels
        if len(rows) > max(_FEWEST_TOGETHER, _SHARE_OF_SET * readable.sum()):
            yield self._joint_finding(rows, f"{len(rows)} of all {readable.sum()} pictures")
            return
        classes = len(data.catalog.labels)
        counts = np.bincount(labels[rows][labels[rows] >= 0], minlength=classes)
        sizes = np.bincount(labels[labels >= 0], minlength=classes)
        common = np.flatnonzero(counts > np.maximum(_FEWEST_TOGETHER, _SHARE_OF_CLASS * sizes))
        for label in common.tolist():
            name = data.catalog.labels[label]
            yield self._joint_finding(rows[labels[rows] == label], f"{counts[label]} pictures of class '{name}'")
        for row in rows[~np.isin(labels[rows], common)].tolist():
            clause = self.describe(np.array([row]))
            why = f"{clause[0].upper()}{clause[1:]}. {self.remedy}"
            yield self._finding((row,), float(self.score[row]), self.action, why)

    def _joint_finding(self, rows: Rows, subject: str) -> Finding:
        why = f"In {subject}, {self.describe(rows)}. {self.remedy}"
        return self._finding(tuple(rows.tolist()), float(self.score[rows].mean()), "keep", why)

    def _finding(self, rows: tuple[int, ...], score: float, action: Literal["keep", "drop"], why: str) -> Finding:
        return Finding(check=self.check, rows=rows, score=min(1.0, max(0.0, score)), action=action, why=why)


def too_small(data: CheckInput) -> Iterator[Finding]:
    """Find images with very few pixels.

    Their shorter side is below `smallest_side`, or small compared with much larger pictures in the set.
    """
    side = _sides(data).min(axis=1)
    least = _chosen(data.config.smallest_side, np.clip(_median(side) / 4, SMALLEST_SIDE, LARGE_SET_SIDE))
    return _QualityRule(
        check="too_small",
        flagged=side < least,
        score=_below(side, least),
        describe=lambda rows: f"the shorter side has only {_range(side[rows])} pixels",
        remedy="The model's input has 160 pixels or more, and upscaling adds no detail. Use larger pictures.",
    ).findings(data)


def extreme_aspect(data: CheckInput) -> Iterator[Finding]:
    """Find images with an aspect ratio above the configured limit."""
    most = data.config.largest_aspect
    sides = _sides(data)
    aspect = sides.max(axis=1) / np.maximum(sides.min(axis=1), 1)
    return _QualityRule(
        check="extreme_aspect",
        flagged=aspect > most,
        score=1 - most / (2 * np.maximum(aspect, 1)),
        describe=lambda rows: f"one side is {_range(aspect[rows], digits=1)} times as long as the other",
        remedy="The model's input is a square: much is cut off or becomes tiny. Crop to the object.",
    ).findings(data)


def blank(data: CheckInput) -> Iterator[Finding]:
    """Find images of nearly uniform colour.

    The threshold is lower for very dark pictures, which vary less.
    """
    deviation, limit = data.exposure.deviation, _blank_limit(data)
    return _QualityRule(
        check="blank",
        flagged=deviation < limit,
        score=_below(deviation, limit),
        describe=lambda rows: "the picture is nearly one colour all over",  # noqa: ARG005
        remedy="It shows nothing to learn from. Drop it, or take it again.",
        action="drop",
    ).findings(data)


def dark(data: CheckInput) -> Iterator[Finding]:
    """Find underexposed images, which are dark even in their lightest areas.

    The limit rises with the median of the set.
    """
    exposure = data.exposure
    adapted = np.clip(_DARK_SHARE * _median(exposure.lightest), DARK, DARK_IN_LIGHT_SET)
    limit = _chosen(data.config.dark_level, adapted)
    return _QualityRule(
        check="dark",
        flagged=(exposure.lightest < limit) & ~(exposure.deviation < _blank_limit(data)),
        score=_below(exposure.lightest, limit),
        describe=lambda rows: f"even the lightest parts reach only {_range(exposure.lightest[rows])} of 255",
        remedy="Take it again with more light, or drop it, unless you expect pictures as dark in use.",
    ).findings(data)


def bright(data: CheckInput) -> Iterator[Finding]:
    """Find overexposed images, which are too bright or clipped.

    They are light in their darkest parts, washed out, or clipped far more than the others. A mostly white picture
    counts as washed out only where such pictures are rare, and a clipped one only if its other parts are lighter, too.
    In a set of objects on white, overexposure is hard to distinguish, and few are found.
    """
    exposure, chosen = data.exposure, data.config.bright_level
    washed_out, clipped = _washed_out_or_clipped(data)
    found = (exposure.percentile_1 > BRIGHT) | washed_out | clipped
    if chosen is not None:
        found, clipped = exposure.percentile_1 > chosen, np.zeros_like(clipped)
    return _QualityRule(
        check="bright",
        flagged=found & ~(exposure.deviation < _blank_limit(data)),
        score=0.5 + np.maximum(exposure.percentile_1 / 510, clipped * exposure.clipped_share / 2),
        describe=lambda rows: (
            f"{_range(100 * exposure.clipped_share[rows])} % of the picture is overexposed"
            if clipped[rows].all()
            else f"even the darkest parts are at {_range(exposure.percentile_1[rows])} of 255"
        ),
        remedy="Take it again with less light, or drop it, unless you expect pictures as bright in use.",
    ).findings(data)


def _washed_out_or_clipped(data: CheckInput) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    exposure = data.exposure
    white = exposure.white_share > _WHITE_SHARE
    rare = white.sum() < _RARE_WHITE * data.catalog.readable.sum()
    dark_parts_are_light = (exposure.percentile_1 > _WHITE_1ST_PERCENTILE) & (
        exposure.percentile_5 > _WHITE_5TH_PERCENTILE
    )
    clipped = exposure.clipped_share > max(_CLIPPED_SHARE, _robust_limit(exposure.clipped_share, _CLIPPED_DEVIATIONS))
    clipped &= exposure.non_white_median > _robust_limit(exposure.non_white_median, _LIGHTER_DEVIATIONS)
    return white & dark_parts_are_light & rare, clipped


def blurred(data: CheckInput) -> Iterator[Finding]:
    """Find blurred images, which have no sharp edges.

    The limit rises with the sharpness of the set. Deviations are those of the logarithm of the sharpness, estimated
    from the less sharp half of the set.
    """
    sharpness = data.catalog.table["sharpness"].cast(float).fill_null(np.nan).to_numpy()
    if np.isnan(sharpness[data.catalog.readable]).all():
        return
    quartile, median = np.nanquantile(np.log(sharpness[data.catalog.readable]), [0.25, 0.5])
    limit = np.exp(median - _BLUR_DEVIATIONS * (median - quartile) / _UPPER_QUARTILE)
    limit = _chosen(data.config.lowest_sharpness, np.clip(limit, BLURRED, BLURRED_IN_SHARP_SET))
    yield from _QualityRule(
        check="blurred",
        flagged=sharpness < limit,
        score=_below(sharpness, limit),
        describe=lambda rows: f"the sharpest edges have {_range(100 * sharpness[rows])} % of full steepness",
        remedy=f"The median here is {100 * np.exp(median):.0f} %. Use a sharper picture, or drop it.",
    ).findings(data)


def _blank_limit(data: CheckInput) -> NDArray[np.float32]:
    lightest = data.exposure.lightest
    limit: NDArray[np.float32] = BLANK_DEVIATION * np.clip(lightest / DARK, 1 / 3, 1)
    chosen = data.config.blank_deviation
    return limit if chosen is None else np.full_like(lightest, chosen)


def _chosen(threshold: float | None, adapted: float) -> float:
    return float(adapted) if threshold is None else threshold


def _below(values: NDArray[np.floating], limit: float | NDArray[np.floating]) -> NDArray[np.floating]:
    """Return a score from 0.5 at the limit to 1 at 0; a limit of 0 finds nothing."""
    score: NDArray[np.floating] = 1 - values / (2 * np.maximum(limit, _SMALLEST_LIMIT))
    return score


def _sides(data: CheckInput) -> NDArray[np.float64]:
    return data.catalog.table.select("width", "height").cast(pl.Float64).fill_null(np.nan).to_numpy()


def _robust_limit(values: NDArray[np.floating], deviations: float) -> float:
    """Compute an upper outlier limit from the median and the upper quartile.

    The quartile estimates the standard deviation, so that outliers do not widen it.
    """
    if not np.isfinite(values).any():
        return np.inf
    median, upper = np.nanquantile(values, [0.5, 0.75])
    return float(median + deviations * (upper - median) / _UPPER_QUARTILE)


def _median(values: NDArray[np.floating]) -> float:
    return float(np.nanmedian(values)) if np.isfinite(values).any() else 0.0


def _range(values: NDArray[np.floating], *, digits: int = 0) -> str:
    """Format a range of values as text, or a single value if all are equal."""
    ends = list(dict.fromkeys(f"{end:.{digits}f}" for end in (values.min(), values.max())))
    return " to ".join(ends)
