"""Checks of looks: pictures too small, too long, empty, too dark, too bright or blurred to learn from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discern.checking.findings import CheckInput, Finding

Rows = NDArray[np.int64]

_SMALLISH = 64.0
_BLANK = 6.0
_DARK, _DARKISH, _DARKER = 64.0, 100.0, 0.45
_BRIGHT, _WASHED, _PALE, _PALER, _SELDOM = 150.0, 0.5, 60.0, 100.0, 0.05
_CLIPPED, _MORE_CLIPPED, _LIGHTER, _QUARTER = 0.55, 4.5, 1.5, 0.6745
_BLURRED, _BLURRISH, _BLURRIER = 0.2, 0.36, 4.5
_OF_THE_SET, _OF_A_CLASS, _FEW = 0.25, 0.5, 10


@dataclass(frozen=True, kw_only=True)
class _QualityRule:
    """What is wrong with the looks of some pictures.

    Args:
        check: the name of the check.
        flagged: bool [N].
        score: float [N], in [0, 1] where flagged.
        what: says of some rows what was measured, beginning in lower case.
        remedy: sentences.
        action: for a single picture.
    """

    check: str
    flagged: NDArray[np.bool_]
    score: NDArray[np.floating]
    what: Callable[[Rows], str]
    remedy: str
    action: Literal["keep", "drop"] = "keep"

    def findings(self, evidence: CheckInput) -> Iterator[Finding]:
        """One for each picture; where much of the set, or most of a class, is so, that is one fact and told once."""
        readable = evidence.catalog.readable
        rows, labels = np.flatnonzero(self.flagged & readable), evidence.labels
        if len(rows) > max(_FEW, _OF_THE_SET * readable.sum()):
            yield self._together(rows, f"{len(rows)} of all {readable.sum()} pictures")
            return
        classes = len(evidence.catalog.labels)
        found = np.bincount(labels[rows][labels[rows] >= 0], minlength=classes)
        common = np.flatnonzero(
            found > np.maximum(_FEW, _OF_A_CLASS * np.bincount(labels[labels >= 0], minlength=classes))
        )
        for label in common.tolist():
            name = evidence.catalog.labels[label]
            yield self._together(rows[labels[rows] == label], f"{found[label]} pictures of class '{name}'")
        for row in rows[~np.isin(labels[rows], common)].tolist():
            what = self.what(np.array([row]))
            yield self._finding(
                (row,), float(self.score[row]), self.action, f"{what[0].upper()}{what[1:]}. {self.remedy}"
            )

    def _together(self, rows: Rows, which: str) -> Finding:
        why = f"Of {which} the same is true: {self.what(rows)}. {self.remedy}"
        return self._finding(tuple(rows.tolist()), float(self.score[rows].mean()), "keep", why)

    def _finding(self, rows: tuple[int, ...], score: float, action: Literal["keep", "drop"], why: str) -> Finding:
        return Finding(check=self.check, rows=rows, score=min(1.0, max(0.0, score)), action=action, why=why)


def too_small(evidence: CheckInput) -> Iterator[Finding]:
    """Pictures whose shorter side is below a quarter of what a network sees, or small beside much larger ones."""
    side = _sides(evidence).min(axis=1)
    small = evidence.config.smallest_side
    least = np.clip(_middle(side) / 4, small, max(small, _SMALLISH))
    return _QualityRule(
        check="too_small",
        flagged=side < least,
        score=1 - side / (2 * least),
        what=lambda rows: f"the shorter side has only {_span(side[rows])} pixels",
        remedy="A network looks at 160 or more, and enlarging adds nothing. Use larger pictures if there are any.",
    ).findings(evidence)


def extreme_aspect(evidence: CheckInput) -> Iterator[Finding]:
    """Pictures far longer than wide, or far wider than long."""
    most = evidence.config.largest_aspect
    sides = _sides(evidence)
    aspect = sides.max(axis=1) / np.maximum(sides.min(axis=1), 1)
    return _QualityRule(
        check="extreme_aspect",
        flagged=aspect > most,
        score=1 - most / (2 * np.maximum(aspect, 1)),
        what=lambda rows: f"one side is {_span(aspect[rows], digits=1)} times as long as the other",
        remedy="A network sees a square: much is cut off, or becomes tiny. Crop to the thing itself.",
    ).findings(evidence)


def blank(evidence: CheckInput) -> Iterator[Finding]:
    """Pictures of one colour all over; in a very dark one, what is left of a scene differs less."""
    spread, limit = evidence.light.spread, _blank_below(evidence)
    return _QualityRule(
        check="blank",
        flagged=spread < limit,
        score=1 - spread / (2 * limit),
        what=lambda rows: "the picture is nearly one colour all over",  # noqa: ARG005
        remedy="It shows nothing that could be learned. Drop it, or get the picture again.",
        action="drop",
    ).findings(evidence)


def dark(evidence: CheckInput) -> Iterator[Finding]:
    """Pictures whose lightest parts are dark; in a set of light pictures, already those that are dim."""
    light = evidence.light
    limit = np.clip(_DARKER * _middle(light.lightest), _DARK, _DARKISH)
    return _QualityRule(
        check="dark",
        flagged=(light.lightest < limit) & ~(light.spread < _blank_below(evidence)),
        score=1 - light.lightest / (2 * limit),
        what=lambda rows: f"even the lightest parts reach only {_span(light.lightest[rows])} of 255",
        remedy="Take it again with more light, or drop it, unless what is to be answered later is as dark.",
    ).findings(evidence)


def bright(evidence: CheckInput) -> Iterator[Finding]:
    """Pictures whose darkest parts are light; in a set where few are mostly white, already those without any shade.

    Also told is where far more is as light as can be than in the others, and what is not white is lighter too. Where
    things are often photographed on white, too much light can hardly be told from that, and little is said.
    """
    light = evidence.light
    white = light.washed > _WASHED
    few = white.sum() < _SELDOM * evidence.catalog.readable.sum()
    washed_out = white & (light.darkest > _PALE) & (light.shade > _PALER) & few
    clipped = light.clipped > max(_CLIPPED, _above(light.clipped, _MORE_CLIPPED))
    clipped &= light.unwashed > _above(light.unwashed, _LIGHTER)
    return _QualityRule(
        check="bright",
        flagged=((light.darkest > _BRIGHT) | washed_out | clipped) & ~(light.spread < _blank_below(evidence)),
        score=0.5 + np.maximum(light.darkest / 510, clipped * light.clipped / 2),
        what=lambda rows: (
            f"{_span(100 * light.clipped[rows])} % of the picture is as light as can be"
            if clipped[rows].all()
            else f"even the darkest parts are at {_span(light.darkest[rows])} of 255"
        ),
        remedy="Take it again with less light, or drop it, unless what is to be answered later is as bright.",
    ).findings(evidence)


def blurred(evidence: CheckInput) -> Iterator[Finding]:
    """Pictures without a steep edge: below a level, or far below the others and not sharp either.

    How far is counted on a logarithmic scale, by that half of the set which is less sharp than its middle.
    """
    sharp = evidence.catalog.table["sharpness"].cast(float).fill_null(np.nan).to_numpy()
    if np.isnan(sharp[evidence.catalog.readable]).all():
        return
    quarter, middle = np.nanquantile(np.log(sharp[evidence.catalog.readable]), [0.25, 0.5])
    limit = np.clip(np.exp(middle - _BLURRIER * (middle - quarter) / _QUARTER), _BLURRED, _BLURRISH)
    yield from _QualityRule(
        check="blurred",
        flagged=sharp < limit,
        score=1 - sharp / (2 * limit),
        what=lambda rows: f"the sharpest edges have {_span(100 * sharp[rows])} % of full steepness",
        remedy=f"Half of the pictures here have more than {100 * np.exp(middle):.0f} %. Get a sharper one, or drop it.",
    ).findings(evidence)


def _blank_below(evidence: CheckInput) -> NDArray[np.float32]:
    limit: NDArray[np.float32] = _BLANK * np.clip(evidence.light.lightest / _DARK, 1 / 3, 1)
    return limit


def _sides(evidence: CheckInput) -> NDArray[np.float64]:
    """Width and height: float64 [N, 2]; NaN for unreadable pictures."""
    return evidence.catalog.table.select("width", "height").cast(pl.Float64).fill_null(np.nan).to_numpy()


def _above(values: NDArray[np.floating], deviations: float) -> float:
    """So many deviations above the middle, by the upper half of the values: what is far off does not widen it."""
    if not np.isfinite(values).any():
        return np.inf
    middle, upper = np.nanquantile(values, [0.5, 0.75])
    return float(middle + deviations * (upper - middle) / _QUARTER)


def _middle(values: NDArray[np.floating]) -> float:
    return float(np.nanmedian(values)) if np.isfinite(values).any() else 0.0


def _span(values: NDArray[np.floating], *, digits: int = 0) -> str:
    """From the least to the greatest, or the one number that they are."""
    ends = list(dict.fromkeys(f"{end:.{digits}f}" for end in (values.min(), values.max())))
    return " to ".join(ends)
