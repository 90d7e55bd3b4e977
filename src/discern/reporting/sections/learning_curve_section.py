"""Functions that build the learning curve section of the report, with advice on collecting images."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from discern.reporting.charts import learning_curve
from discern.reporting.formatting import count, percent, percent_interval

if TYPE_CHECKING:
    from markupsafe import Markup

    from discern.evaluating import Metrics


@dataclass(frozen=True, kw_only=True)
class CurvePoint:
    """Point of the learning curve, formatted as text for the report."""

    pictures: str
    groups: str
    value: str
    ends: str


@dataclass(frozen=True, kw_only=True)
class CollectionAdvice:
    """Recommended number of images to collect for one class.

    `range` is `30 to 80`, or one number.
    """

    label: str
    range: str


@dataclass(frozen=True, kw_only=True)
class LearningCurveSection:
    """Contents of the learning curve section of the report."""

    curve: "Markup"
    points: tuple[CurvePoint, ...]
    sentence: str
    flat: bool
    advice: tuple[CollectionAdvice, ...]


def describe_learning_curve(metrics: "Metrics") -> LearningCurveSection | None:
    """Build the learning curve section, or return None with fewer than two points."""
    measured = metrics.learning_curve
    points = [] if measured is None else [each for each in measured.points if each.accuracy.value is not None]
    if measured is None or len(points) < 2:
        return None
    return LearningCurveSection(
        curve=learning_curve(points),
        points=tuple(
            CurvePoint(
                pictures=count(each.pictures),
                groups=count(each.groups),
                value=percent(each.accuracy.value),
                ends=percent_interval(each.accuracy),
            )
            for each in points
        ),
        sentence=measured.sentence or "",
        flat=bool(measured.flat),
        advice=collection_advice(metrics),
    )


def collection_advice(metrics: "Metrics") -> tuple[CollectionAdvice, ...]:
    """Return the classes that need more images, or none if the learning curve is flat."""
    measured = metrics.learning_curve
    if measured is None or measured.flat:
        return ()
    return tuple(
        CollectionAdvice(
            label=each.label,
            range=count(each.fewest) if each.fewest == each.most else f"{count(each.fewest)} to {count(each.most)}",
        )
        for each in measured.advice
    )
