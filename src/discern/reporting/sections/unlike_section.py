"""Functions that build the report's section on the distance between evaluated and learned pictures."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from discern.reporting.charts import distance_curve
from discern.reporting.formatting import count, percent, percent_interval, two_decimals
from discern.reporting.gallery import Gallery, PageImage
from discern.reporting.unlike_text import UnlikeAlarm, describe_alarm, describe_unlike, describe_unmeasured

if TYPE_CHECKING:
    from markupsafe import Markup

    from discern.evaluating import LookalikePair, Metrics

_SIDE = 160


@dataclass(frozen=True, kw_only=True)
class ShownPicture:
    """One picture of a pair; `label` is None if it has none."""

    image: PageImage
    path: str
    label: str | None


@dataclass(frozen=True, kw_only=True)
class ShownPair:
    """Picture, and the learned picture without which it is predicted wrongly."""

    picture: ShownPicture
    learned: ShownPicture
    distance: str


@dataclass(frozen=True, kw_only=True)
class DistanceRow:
    """Row of the table of accuracies by distance, formatted as text."""

    distance: str
    pictures: str
    value: str
    ends: str


@dataclass(frozen=True, kw_only=True)
class UnlikeSection:
    """Contents of the section on look-alikes.

    Attributes:
        sentence: the accuracy on unlike pictures, or why it was not measured.
        alarm: the warning; None without an alarm.
        curve: accuracy by distance; None if it could not be measured.
        rows: the same in numbers.
        pairs: pairs that carry the alarm.
    """

    sentence: str
    alarm: UnlikeAlarm | None
    curve: "Markup | None"
    rows: tuple[DistanceRow, ...]
    pairs: tuple[ShownPair, ...]


def describe_lookalikes(metrics: "Metrics", gallery: Gallery) -> UnlikeSection | None:
    """Build the section on look-alikes, or return None for a run of an earlier version."""
    unlike, evidence = metrics.accuracy.unlike, metrics.unlike
    if unlike is None or evidence is None:
        return None
    bins = [each for each in evidence.curve if each.accuracy.value is not None]
    return UnlikeSection(
        sentence=describe_unlike(metrics) or describe_unmeasured(metrics),
        alarm=describe_alarm(metrics),
        curve=distance_curve(bins) if len(bins) > 1 else None,
        rows=tuple(
            DistanceRow(
                distance=f"{two_decimals(each.low)} to {two_decimals(each.high)}",
                pictures=count(each.pictures),
                value=percent(each.accuracy.value),
                ends=percent_interval(each.accuracy),
            )
            for each in bins
        ),
        pairs=_shown(evidence.pairs, gallery),
    )


def _shown(pairs: "tuple[LookalikePair, ...]", gallery: Gallery) -> tuple[ShownPair, ...]:
    if not pairs:
        return ()
    rows = gallery.rows_by_path({path for pair in pairs for path in (pair.path, pair.nearest)})
    return tuple(
        ShownPair(
            picture=_picture(rows[pair.path], gallery),
            learned=_picture(rows[pair.nearest], gallery),
            distance=two_decimals(pair.distance),
        )
        for pair in pairs
        if pair.path in rows and pair.nearest in rows
    )


def _picture(row: int, gallery: Gallery) -> ShownPicture:
    return ShownPicture(image=gallery.picture(row, _SIDE), path=gallery.path(row), label=gallery.label(row))
