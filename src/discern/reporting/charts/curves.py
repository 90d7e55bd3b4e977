"""Functions that plot the reliability, risk-coverage and learning curves of a classifier as SVG."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from markupsafe import Markup

from discern.reporting.charts.svg import Frame, tag, ticks
from discern.reporting.formatting import count, percent, two_decimals

if TYPE_CHECKING:
    from discern.evaluating import DistanceBin, LearningCurvePoint, ReliabilityBin, RiskCurveMetrics

_QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)
_QUARTER_TICKS = [(share, percent(share, digits=0)) for share in _QUARTERS]


def _polyline(frame: Frame, points: Sequence[tuple[float, float]]) -> str:
    """Format points as the coordinates of an SVG polyline."""
    return " ".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in points)


def reliability_curve(bins: Sequence["ReliabilityBin"]) -> Markup:
    """Plot a reliability curve of accuracy against confidence, with 95 % confidence intervals."""
    frame = Frame(width=260.0, height=260.0)
    marks = [
        *frame.axes(_QUARTER_TICKS, _QUARTERS, across="stated confidence", up="correct predictions"),
        tag("line", x1=frame.x(0), y1=frame.y(0), x2=frame.x(1), y2=frame.y(1), class_="ideal"),
        tag("polyline", points=_polyline(frame, [(each.confidence, each.accuracy) for each in bins]), class_="route"),
    ]
    for each in bins:
        x = frame.x(each.confidence)
        if each.low is not None and each.high is not None:
            marks.append(tag("line", x1=x, x2=x, y1=frame.y(each.low), y2=frame.y(each.high), class_="whisker"))
        label = f"confidence {each.confidence:.1%}, correct {each.accuracy:.1%}, {each.pictures} pictures"
        marks.append(tag("circle", tag("title", label), cx=x, cy=frame.y(each.accuracy), r="4", class_="dot"))
    return frame.drawing(marks, name="Reliability curve; the table below has the numbers", kind="chart square")


def risk_curve(curve: "RiskCurveMetrics", *, max_error: float, chosen: tuple[float, float] | None = None) -> Markup:
    """Plot a risk-coverage curve of the error rate against the share of accepted predictions.

    Args:
        curve: rising shares with their errors and upper bounds.
        max_error: the error limit.
        chosen: share and error of the accept policy, or None.
    """
    points = list(zip(curve.share, curve.error, curve.high, strict=True))
    top = _top(max_error, [error for _, error, _ in points])
    frame = Frame(up=(0.0, top))
    bound = [(share, high) for share, _, high in points]
    error = [(share, wrong) for share, wrong, _ in points]
    inside = [
        tag("polygon", points=_polyline(frame, [*bound, *reversed(error)]), class_="band"),
        tag("polyline", points=_polyline(frame, bound), class_="bound"),
        tag("polyline", points=_polyline(frame, error), class_="route strong"),
        tag("line", x1=frame.x(0), x2=frame.x(1), y1=frame.y(max_error), y2=frame.y(max_error), class_="limit"),
    ]
    marks = [
        *frame.axes(_QUARTER_TICKS, ticks(0.0, top), across="accepted predictions", up="wrong among these"),
        frame.within(inside),
        tag(
            "text",
            f"error limit: {percent(max_error, digits=0)}",
            x=frame.x(1) - 4,
            y=frame.y(max_error) - 6,
            text_anchor="end",
            class_="limit-label",
        ),
    ]
    if chosen is not None:
        x, y = frame.x(chosen[0]), frame.y(min(chosen[1], top))
        label = tag("title", f"{percent(chosen[0])} accepted, {percent(chosen[1])} of the groups with an error")
        marks += [
            tag("line", x1=x, x2=x, y1=frame.top, y2=frame.bottom, class_="chosen"),
            tag("circle", label, cx=x, cy=y, r="6", class_="dot"),
        ]
    return frame.drawing(marks, name="Share of wrong predictions among the accepted, by share accepted")


def _top(max_error: float, errors: Sequence[float]) -> float:
    """Return an upper axis limit above the error limit and nearly all error rates."""
    most = max(3.0 * max_error, 1.15 * max(errors, default=0.0))
    return min(1.0, most, max(8.0 * max_error, 0.1))


def learning_curve(points: Sequence["LearningCurvePoint"]) -> Markup:
    """Plot a learning curve of accuracy against the number of training images."""
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
                for pictures in _spaced([pictures for pictures, *_ in drawn], 0.09 * frame.across[1])
            ],
            ticks(*frame.up),
            across="training pictures",
            up="accuracy",
        ),
        tag("polyline", points=_polyline(frame, [(x, value) for x, value, _ in drawn]), class_="route strong"),
    ]
    for pictures, value, accuracy in drawn:
        x = frame.x(pictures)
        if accuracy.low is not None and accuracy.high is not None:
            top, bottom = frame.y(accuracy.high), frame.y(accuracy.low)
            marks.append(tag("line", x1=x, x2=x, y1=top, y2=bottom, class_="whisker"))
        label = tag("title", f"{count(pictures)} pictures: {percent(value)} correct")
        marks.append(tag("circle", label, cx=x, cy=frame.y(value), r="5", class_="dot"))
    return frame.drawing(marks, name="Accuracy by number of training pictures; the table below has the numbers")


def distance_curve(bins: Sequence["DistanceBin"]) -> Markup:
    """Plot leak-free accuracy against the distance to the nearest learned picture."""
    drawn = [((each.low + each.high) / 2, each) for each in bins]
    first, last = bins[0].low, max(bins[-1].high, bins[0].low + 0.01)
    known = [
        end for each in bins for end in (each.accuracy.value, each.accuracy.low, each.accuracy.high) if end is not None
    ]
    low, high = max(0.0, min(known) - 0.02), min(1.0, max(known) + 0.02)
    frame = Frame(across=(first, last), up=(low, max(high, low + 0.05)))
    marks = frame.axes(
        [(distance, two_decimals(distance)) for distance in ticks(first, last)],
        ticks(*frame.up),
        across="distance to the nearest learned picture",
        up="accuracy",
    )
    route = [(x, each.accuracy.value) for x, each in drawn if each.accuracy.value is not None]
    marks.append(tag("polyline", points=_polyline(frame, route), class_="route strong"))
    for distance, each in drawn:
        accuracy, x = each.accuracy, frame.x(distance)
        if accuracy.low is not None and accuracy.high is not None:
            top, bottom = frame.y(accuracy.high), frame.y(accuracy.low)
            marks.append(tag("line", x1=x, x2=x, y1=top, y2=bottom, class_="whisker"))
        if accuracy.value is not None:
            label = f"distance {each.low:.2f} to {each.high:.2f}: {percent(accuracy.value)} of {each.pictures} correct"
            marks.append(tag("circle", tag("title", label), cx=x, cy=frame.y(accuracy.value), r="5", class_="dot"))
    return frame.drawing(marks, name="Accuracy by distance to the nearest learned picture; the table has the numbers")


def _spaced(drawn: Sequence[float], least: float) -> list[float]:
    """Select tick values at least `least` apart, so that their labels do not overlap."""
    spaced = [first for first, second in pairwise(drawn) if second - first >= least]
    return [*spaced, drawn[-1]]
