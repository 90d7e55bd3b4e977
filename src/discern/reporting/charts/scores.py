"""Functions that plot a histogram of out-of-distribution scores as SVG."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from discern.reporting.charts.svg import joined, tag

_WIDTH, _TOP = 340.0, 22.0


def score_histogram(
    scores: np.ndarray, threshold: float | None, *, negatives: np.ndarray | None = None, bins: int = 36
) -> Markup:
    """Plot a histogram of out-of-distribution scores with the rejection threshold.

    Args:
        scores: float [N], of pictures of the known classes; values that are not finite are ignored.
        threshold: score above which a picture is called unknown; None draws no line.
        negatives: float [M], of pictures of none of the classes; drawn below, scaled to their own largest bar.
        bins: number of bars.
    """
    kinds = [_finite(scores)] + ([] if negatives is None else [_finite(negatives)])
    height = 130.0 if len(kinds) == 1 else 84.0
    shown = np.concatenate([*kinds, [] if threshold is None else [threshold]])
    margin = max(0.03 * float(np.ptp(shown)), 1e-6 * float(np.abs(shown).max())) or 1.0
    low, high = float(shown.min()) - margin, float(shown.max()) + margin
    marks: list[Markup] = []
    bottom = _TOP
    for each, name in zip(kinds, ("pictures of the known classes", "pictures of none of the classes"), strict=False):
        bottom += height + (24.0 if marks else 0.0)
        marks += _bars(each, (low, high), threshold, bottom=bottom, height=height, bins=bins)
        if len(kinds) > 1:
            marks.append(tag("text", name, x="0", y=bottom + 15))
    if threshold is not None:
        marks += _limit(_WIDTH * (threshold - low) / (high - low), bottom)
    words = "unknown score: distance from the training pictures"
    below = bottom + (42 if len(kinds) == 1 else 48)
    marks.append(tag("text", words, x=_WIDTH / 2, y=below, text_anchor="middle", class_="axis"))
    box = f"0 0 {_WIDTH:.0f} {below + 8:.0f}"
    name = "Histogram of the unknown scores of held-out pictures"
    return tag("svg", joined(marks), viewBox=box, class_="chart", role="img", aria_label=name)


def _finite(scores: np.ndarray) -> np.ndarray:
    each = np.asarray(scores, dtype=np.float64)
    return np.asarray(each[np.isfinite(each)])


def _bars(
    scores: np.ndarray, ends: tuple[float, float], threshold: float | None, *, bottom: float, height: float, bins: int
) -> Sequence[Markup]:
    counts, edges = np.histogram(scores, bins=bins, range=ends)
    step = _WIDTH / bins
    marks = []
    for index, tall in enumerate(height * counts / max(1, counts.max())):
        beyond = threshold is not None and edges[index : index + 2].mean() > threshold
        kind = "beyond" if beyond else "within"
        x, y = step * index + 0.5, bottom - float(tall)
        marks.append(tag("rect", x=x, y=y, width=step - 1, height=float(tall), class_=kind))
    return [*marks, tag("line", x1="0", x2=_WIDTH, y1=bottom, y2=bottom, class_="grid")]


def _limit(x: float, bottom: float) -> list[Markup]:
    left = x > 0.6 * _WIDTH
    anchor: dict[str, str | float] = {"x": x - 6, "text_anchor": "end"} if left else {"x": x + 6}
    return [
        tag("line", x1=x, x2=x, y1="6", y2=bottom, class_="limit"),
        tag("text", "unknown", y="14", **anchor),
    ]
