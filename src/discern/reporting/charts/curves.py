"""Curves of shares: confidence against truth, what a promise costs, what more pictures bring."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from markupsafe import Markup

from discern.reporting.charts.svg import Frame, tag, ticks
from discern.reporting.formatting import count, percent

if TYPE_CHECKING:
    from discern.evaluating import LearningCurvePoint, ReliabilityBin, RiskCurveMetrics

_QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)
_IN_WORDS = [(share, percent(share, digits=0)) for share in _QUARTERS]


def _route(frame: Frame, points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in points)


def reliability_curve(bins: Sequence["ReliabilityBin"]) -> Markup:
    """Stated confidence against the share that is right, with 95 % intervals; on the diagonal they agree."""
    frame = Frame(width=260.0, height=260.0)
    marks = [
        *frame.axes(_IN_WORDS, _QUARTERS, across="how sure it says it is", up="how often it is right"),
        tag("line", x1=frame.x(0), y1=frame.y(0), x2=frame.x(1), y2=frame.y(1), class_="ideal"),
        tag("polyline", points=_route(frame, [(each.confidence, each.accuracy) for each in bins]), class_="route"),
    ]
    for each in bins:
        x = frame.x(each.confidence)
        if each.low is not None and each.high is not None:
            marks.append(tag("line", x1=x, x2=x, y1=frame.y(each.low), y2=frame.y(each.high), class_="whisker"))
        told = f"stated {each.confidence:.1%}, right {each.accuracy:.1%}, {each.pictures} pictures"
        marks.append(tag("circle", tag("title", told), cx=x, cy=frame.y(each.accuracy), r="4", class_="dot"))
    return frame.drawing(marks, name="Reliability curve; the table below has its numbers", kind="chart square")


def promise_curve(curve: "RiskCurveMetrics", *, asked: float, chosen: tuple[float, float] | None = None) -> Markup:
    """The share of answers that stand without a person against the share of those that is wrong.

    Args:
        curve: shares, rising, with their errors and upper bounds.
        asked: the share that may be wrong.
        chosen: share and error where the promise is kept, or None.
    """
    points = list(zip(curve.share, curve.error, curve.high, strict=True))
    top = _top(asked, [error for _, error, _ in points])
    frame = Frame(up=(0.0, top))
    bound = [(share, high) for share, _, high in points]
    error = [(share, wrong) for share, wrong, _ in points]
    inside = [
        tag("polygon", points=_route(frame, [*bound, *reversed(error)]), class_="doubt"),
        tag("polyline", points=_route(frame, bound), class_="bound"),
        tag("polyline", points=_route(frame, error), class_="route strong"),
        tag("line", x1=frame.x(0), x2=frame.x(1), y1=frame.y(asked), y2=frame.y(asked), class_="limit"),
    ]
    marks = [
        *frame.axes(_IN_WORDS, ticks(0.0, top), across="answers that stand without a person", up="wrong among these"),
        frame.within(inside),
        tag(
            "text",
            f"asked: at most {percent(asked, digits=0)}",
            x=frame.x(1) - 4,
            y=frame.y(asked) - 6,
            text_anchor="end",
            class_="said",
        ),
    ]
    if chosen is not None:
        x, y = frame.x(chosen[0]), frame.y(min(chosen[1], top))
        told = tag("title", f"{percent(chosen[0])} stand, {percent(chosen[1])} of them are wrong")
        marks += [
            tag("line", x1=x, x2=x, y1=frame.top, y2=frame.bottom, class_="chosen"),
            tag("circle", told, cx=x, cy=y, r="6", class_="dot"),
        ]
    return frame.drawing(marks, name="Share of answers accepted against the share of these that is wrong")


def _top(asked: float, errors: Sequence[float]) -> float:
    """The highest share to draw: the asked one well inside, and nearly all errors."""
    most = max(3.0 * asked, 1.15 * max(errors, default=0.0))
    return min(1.0, most, max(8.0 * asked, 0.1))


def learning_curve(points: Sequence["LearningCurvePoint"]) -> Markup:
    """Accuracy against the number of pictures learned from, with 95 % intervals."""
    drawn = [
        (float(each.pictures), each.accuracy.value, each.accuracy) for each in points if each.accuracy.value is not None
    ]
    ends = [end for _, value, accuracy in drawn for end in (accuracy.low, accuracy.high, value)]
    known = [end for end in ends if end is not None]
    low, high = max(0.0, min(known) - 0.02), min(1.0, max(known) + 0.02)
    frame = Frame(across=(0.0, 1.04 * max(pictures for pictures, *_ in drawn)), up=(low, max(high, low + 0.05)))
    marks = [
        *frame.axes(
            [
                (pictures, count(pictures))
                for pictures in _apart([pictures for pictures, *_ in drawn], 0.09 * frame.across[1])
            ],
            ticks(*frame.up),
            across="pictures learned from",
            up="right answers",
        ),
        tag("polyline", points=_route(frame, [(x, value) for x, value, _ in drawn]), class_="route strong"),
    ]
    for pictures, value, accuracy in drawn:
        x = frame.x(pictures)
        if accuracy.low is not None and accuracy.high is not None:
            top, bottom = frame.y(accuracy.high), frame.y(accuracy.low)
            marks.append(tag("line", x1=x, x2=x, y1=top, y2=bottom, class_="whisker"))
        told = tag("title", f"{count(pictures)} pictures: {percent(value)} right")
        marks.append(tag("circle", told, cx=x, cy=frame.y(value), r="5", class_="dot"))
    return frame.drawing(marks, name="Accuracy against the number of pictures; the table below has its numbers")


def _apart(drawn: Sequence[float], least: float) -> list[float]:
    """Those whose names do not run into the next one's; the last always stays."""
    kept = [first for first, second in pairwise(drawn) if second - first >= least]
    return [*kept, drawn[-1]]
