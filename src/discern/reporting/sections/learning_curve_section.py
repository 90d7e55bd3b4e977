"""What more pictures would bring."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from discern.reporting.charts import learning_curve
from discern.reporting.formatting import count, interval, part, percent

if TYPE_CHECKING:
    from markupsafe import Markup


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


def describe_growth(metrics: Mapping[str, Any]) -> Growth | None:
    """The section, or None where there are not two points to draw."""
    facts = part(metrics, "learning_curve")
    points = [each for each in facts.get("points") or [] if part(each, "accuracy").get("value") is not None]
    if len(points) < 2:
        return None
    return Growth(
        curve=learning_curve(points),
        points=tuple(
            Point(
                pictures=count(each["pictures"]),
                groups=count(each.get("groups")),
                value=percent(each["accuracy"]["value"]),
                ends=interval(each["accuracy"]),
            )
            for each in points
        ),
        sentence=str(facts.get("sentence") or ""),
        flat=bool(facts.get("flat")),
        advice=advised(metrics),
    )


def advised(metrics: Mapping[str, Any]) -> tuple[Advice, ...]:
    """Which classes want more pictures; none where more would change nothing."""
    facts = part(metrics, "learning_curve")
    if facts.get("flat"):
        return ()
    return tuple(
        Advice(
            label=str(each["label"]),
            range=count(each["fewest"])
            if each["fewest"] == each["most"]
            else f"{count(each['fewest'])} to {count(each['most'])}",
        )
        for each in facts.get("advice") or []
    )
