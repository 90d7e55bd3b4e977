"""Small charts as inline SVG: they need no script, scale with the page and print."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

_LEVELS = 8


def tag(name: str, content: str | Markup = "", **attributes: str | float | None) -> Markup:
    """One element; text and attribute values are escaped, `_` in a name becomes `-`, None leaves it out."""
    written = Markup("").join(
        Markup(' {}="{}"').format(
            key.rstrip("_").replace("_", "-"), f"{value:.5g}" if isinstance(value, float) else value
        )
        for key, value in attributes.items()
        if value is not None
    )
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), written, content)  # noqa: S704 - names are our own


def _joined(parts: Sequence[Markup]) -> Markup:
    return Markup("").join(parts)


def interval_track(figure: Mapping[str, Any], *, start: float = 0.0, end: float = 1.0, kind: str = "plain") -> Markup:
    """A figure as a dot with its interval as a bar on a track from `start` to `end`; words stand beside it in HTML."""
    value, low, high = figure.get("value"), figure.get("low"), figure.get("high")

    def place(number: float) -> float:
        return 100 * min(1.0, max(0.0, (number - start) / (end - start)))

    marks = [tag("line", x1="0", x2="100%", y1="10", y2="10", class_="rail")]
    if low is not None and high is not None:
        marks.append(tag("line", x1=f"{place(low):.2f}%", x2=f"{place(high):.2f}%", y1="10", y2="10", class_="span"))
    if value is not None:
        marks.append(tag("circle", cx=f"{place(value):.2f}%", cy="10", r="5", class_="dot"))
    return tag("svg", _joined(marks), class_=f"track {kind}", height="20", aria_hidden="true")


def stacked_bar(values: Sequence[float], *, total: float) -> Markup:
    """Values beside each other in one bar, each its own shade, as long as their sum is of `total`."""
    left, pieces = 0.0, []
    for place, value in enumerate(values):
        width = 100 * value / total if total else 0.0
        pieces.append(tag("rect", x=f"{left:.3f}%", y="0", width=f"{width:.3f}%", height="12", class_=f"shade{place}"))
        left += width
    return tag("svg", _joined(pieces), class_="bar", height="12", aria_hidden="true")


def reliability_curve(bins: Sequence[Mapping[str, Any]]) -> Markup:
    """Stated confidence against the share that is right, with 95 % intervals; on the diagonal they agree."""
    route = " ".join(f"{_x(each['confidence']):.1f},{_y(each['accuracy']):.1f}" for each in bins)
    marks = [
        *_share_axes("how sure it says it is", "how often it is right"),
        tag("line", x1=_x(0), y1=_y(0), x2=_x(1), y2=_y(1), class_="ideal"),
        tag("polyline", points=route, class_="route"),
    ]
    for each in bins:
        x = _x(each["confidence"])
        if each.get("low") is not None:
            marks.append(tag("line", x1=x, x2=x, y1=_y(each["low"]), y2=_y(each["high"]), class_="whisker"))
        told = f"stated {each['confidence']:.1%}, right {each['accuracy']:.1%}, {each['pictures']} pictures"
        marks.append(tag("circle", tag("title", told), cx=x, cy=_y(each["accuracy"]), r="4", class_="dot"))
    name = "Reliability curve; the table below has its numbers"
    return tag("svg", _joined(marks), viewBox="0 0 320 316", class_="chart square", role="img", aria_label=name)


def _x(share: float) -> float:
    return 44.0 + 260.0 * share


def _y(share: float) -> float:
    return 272.0 - 260.0 * share


def _share_axes(across: str, up: str) -> list[Markup]:
    """A square from 0 to 100 % both ways, with a grid."""
    marks = []
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        marks += [
            tag("line", x1=_x(tick), x2=_x(tick), y1=_y(0), y2=_y(1), class_="grid"),
            tag("line", x1=_x(0), x2=_x(1), y1=_y(tick), y2=_y(tick), class_="grid"),
            tag("text", f"{tick:.0%}", x=_x(tick), y=_y(0) + 18, text_anchor="middle"),
            tag("text", f"{tick:.0%}", x=_x(0) - 7, y=_y(tick) + 4, text_anchor="end"),
        ]
    turned = f"translate(10 {_y(0.5)}) rotate(-90)"
    return [
        *marks,
        tag("text", across, x=_x(0.5), y=_y(0) + 38, text_anchor="middle", class_="axis"),
        tag("text", up, transform=turned, text_anchor="middle", class_="axis"),
    ]


def score_histogram(scores: np.ndarray, threshold: float | None, *, bins: int = 36) -> Markup:
    """How the held-out pictures' unknown scores fall, and the threshold beyond which a picture is called unknown."""
    width, height, top = 340.0, 130.0, 22.0
    finite = np.asarray(scores, dtype=np.float64)[np.isfinite(scores)]
    shown = finite if threshold is None else np.append(finite, threshold)
    margin = max(0.03 * float(np.ptp(shown)), 1e-6 * float(np.abs(shown).max())) or 1.0
    low, high = float(shown.min()) - margin, float(shown.max()) + margin
    counts, edges = np.histogram(finite, bins=bins, range=(low, high))
    step = width / bins
    marks = []
    for place, tall in enumerate(height * counts / counts.max()):
        beyond = threshold is not None and edges[place : place + 2].mean() > threshold
        kind = "beyond" if beyond else "within"
        x, y = step * place + 0.5, height + top - float(tall)
        marks.append(tag("rect", x=x, y=y, width=step - 1, height=float(tall), class_=kind))
    marks.append(tag("line", x1="0", x2=width, y1=height + top, y2=height + top, class_="grid"))
    if threshold is not None:
        marks += _limit(width * (threshold - low) / (high - low), width, height + top)
    words = "unknown score: the further right, the stranger"
    marks.append(tag("text", words, x=width / 2, y=height + 42, text_anchor="middle", class_="axis"))
    box, name = f"0 0 {width:.0f} {height + 50:.0f}", "Histogram of the unknown scores of held-out pictures"
    return tag("svg", _joined(marks), viewBox=box, class_="chart", role="img", aria_label=name)


def _limit(x: float, width: float, bottom: float) -> list[Markup]:
    left = x > 0.6 * width
    place: dict[str, str | float] = {"x": x - 6, "text_anchor": "end"} if left else {"x": x + 6}
    return [
        tag("line", x1=x, x2=x, y1="6", y2=bottom, class_="limit"),
        tag("text", "beyond: unknown", y="14", **place),
    ]


def heat_map(confusion: np.ndarray) -> Markup:
    """A large confusion matrix, float [K, K] with the truth in rows: right answers and mistakes in two colours.

    The darker a cell, the larger its share of the row. Cells of one shade are one path, so 131 classes stay small.
    """
    size = len(confusion)
    totals = np.maximum(confusion.sum(axis=1, keepdims=True), 1e-12)
    level = np.ceil(_LEVELS * np.sqrt(confusion / totals)).astype(int)
    paths = []
    for right in (True, False):
        kind = np.eye(size, dtype=bool) == right
        for shade in range(1, _LEVELS + 1):
            cells = np.argwhere((level == shade) & kind)
            if len(cells):
                route = "".join(f"M{column} {row}h1v1h-1z" for row, column in cells)
                paths.append(
                    tag("path", d=route, class_="right" if right else "wrong", fill_opacity=0.2 + 0.8 * shade / _LEVELS)
                )
    cross = tag(
        "g",
        _joined(
            [tag("rect", x="0", y="-2", width=size, height="1"), tag("rect", x="-2", y="0", width="1", height=size)]
        ),
        class_="cross",
    )
    return tag(
        "svg",
        _joined([cross, *paths]),
        viewBox=f"0 0 {size} {size}",
        class_="heat",
        role="img",
        aria_label=f"Confusion matrix of {size} classes; the table beside it lists the worst pairs",
    )
