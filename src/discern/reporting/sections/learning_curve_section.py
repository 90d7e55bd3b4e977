"""What more pictures would bring."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from discern.reporting.charts import learning_curve
from discern.reporting.formatting import count, interval, percent

if TYPE_CHECKING:
    from markupsafe import Markup

    from discern.evaluating import Metrics


@dataclass(frozen=True, kw_only=True)
class Point:
    """What some of the pictures achieve."""

    pictures: str
    groups: str
    value: str
    ends: str


@dataclass(frozen=True, kw_only=True)
class Advice:
    """About so many more pictures of a class; `range` is `30 to 80`, or one number."""

    label: str
    range: str


@dataclass(frozen=True, kw_only=True)
class Growth:
    """The section on more pictures."""

    curve: "Markup"
    points: tuple[Point, ...]
    sentence: str
    flat: bool
    advice: tuple[Advice, ...]


def describe_growth(metrics: "Metrics") -> Growth | None:
    """The section, or None where there are not two points to draw."""
    measured = metrics.learning_curve
    points = [] if measured is None else [each for each in measured.points if each.accuracy.value is not None]
    if measured is None or len(points) < 2:
        return None
    return Growth(
        curve=learning_curve(points),
        points=tuple(
            Point(
                pictures=count(each.pictures),
                groups=count(each.groups),
                value=percent(each.accuracy.value),
                ends=interval(each.accuracy),
            )
            for each in points
        ),
        sentence=measured.sentence or "",
        flat=bool(measured.flat),
        advice=advised(metrics),
    )


def advised(metrics: "Metrics") -> tuple[Advice, ...]:
    """Which classes want more pictures; none where more would change nothing."""
    measured = metrics.learning_curve
    if measured is None or measured.flat:
        return ()
    return tuple(
        Advice(
            label=each.label,
            range=count(each.fewest) if each.fewest == each.most else f"{count(each.fewest)} to {count(each.most)}",
        )
        for each in measured.advice
    )
