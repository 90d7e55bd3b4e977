"""Function that writes the page on a look at the captured traffic of a model."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from markupsafe import Markup

from discern.evaluating import Interval
from discern.reporting.charts import interval_plot, stacked_bar
from discern.reporting.display_names import DisplayNames
from discern.reporting.formatting import DASH, count, percent, plural, timestamp
from discern.reporting.gallery import PageImage
from discern.reporting.render_html import write_page
from discern.watching.looks.look import Alarm, Look
from discern.watching.stores.exchange_store import TrafficHour

MAX_DAYS = 60
"""Days of traffic that are listed, the last ones; not tuned."""

MAX_EXAMPLES = 12
"""Pictures that are shown of an alarm or a cluster; not tuned."""

_MAX_QUEUED = 12
_MAX_CLASSES = 200
_MOST_ODDS = 1_000_000
_DECISIONS = ("accept", "review", "unknown")
SIGNAL_NAMES = {
    "unknown": "Unknown score",
    "confidence": "Confidence",
    "distance": "Distance from the class",
    "brightness": "Brightness",
    "sharpness": "Sharpness",
    "size": "Picture size",
    "pictures": "Pictures as a whole",
    "promise": "The promise",
}
"""Names of alarms for people, by their kind."""


@dataclass(frozen=True, kw_only=True)
class WatchPage:
    """Contents of the page on a look.

    Attributes:
        model: name of the model.
        store: the store as it is shown, without a password.
        made: time of the look, ISO 8601 in UTC.
        look: the look.
        traffic: number of exchanges of the model by hour.
        images: small pictures by the identifier of their exchange; one without a picture is missing.
        captions: prediction in words by the identifier of the exchange.
        nearest: training pictures nearest to the examples of the alarm `pictures`, by identifier of the exchange.
    """

    model: str
    store: str
    made: str
    look: Look
    traffic: Sequence[TrafficHour] = ()
    images: Mapping[str, PageImage]
    captions: Mapping[str, str]
    nearest: Mapping[str, PageImage]


def write_watch_page(path: Path, page: WatchPage) -> None:
    """Write the page on a look as a self-contained HTML file.

    Raises:
        UnreadableFile: the file cannot be written.
    """
    look = page.look
    write_page(
        path,
        "watch.html",
        names=DisplayNames({}),
        anchors={},
        title=page.model,
        page=page,
        look=look,
        headline=headline(look),
        facts=_facts(page),
        alarms=[_alarm(alarm, page) for alarm in look.alarms],
        signals=[_signal(each) for each in look.signals],
        accuracy=_accuracy(look),
        promise=look.promise,
        clusters=[(cluster.message, _shown(cluster.ids, page)) for cluster in look.clusters],
        queue=_shown(look.to_audit[:_MAX_QUEUED], page, has_captions=False),  # they would sway who labels
        days=_days(page.traffic),
        classes=[_class(each) for each in look.classes[:_MAX_CLASSES]],
        made=timestamp(page.made),
    )


def headline(look: Look) -> str:
    """Return the outcome of a look in one sentence."""
    if not look.exchanges:
        return "There is no captured traffic of this model yet."
    if look.promise is not None and look.promise.broken:
        return "The promise no longer holds."
    if look.alarms:
        return f"Something has changed since {_day(look.alarms[0].since)}."
    return "All quiet: the traffic looks like the held-out pictures of the training."


def _facts(page: WatchPage) -> list[tuple[str, str]]:
    look = page.look
    facts = [("Exchanges", count(look.exchanges)), ("Alarms", count(len(look.alarms)))]
    facts.append(("Lost", count(look.lost)))
    if look.accuracy is not None:
        facts.append(("Accuracy from audits", percent(look.accuracy.value)))
    if look.estimated is not None:
        facts.append(("Accuracy, estimated without labels", percent(look.estimated["value"])))
    facts.append(("Waiting for a label", count(look.waiting)))
    return facts


def _alarm(alarm: Alarm, page: WatchPage) -> dict[str, Any]:
    odds = alarm.evidence.get("against")
    return {
        "title": SIGNAL_NAMES.get(alarm.kind, alarm.kind),
        "message": alarm.message,
        "odds": "" if odds is None else _odds(odds),
        "examples": _shown(alarm.examples[:MAX_EXAMPLES], page),
    }


def _shown(ids: Sequence[str], page: WatchPage, *, has_captions: bool = True) -> list[dict[str, Any]]:
    return [
        {
            "id": each,
            "image": page.images.get(each) or _missing(each),
            "caption": page.captions.get(each, "") if has_captions else "",
            "nearest": page.nearest.get(each),
        }
        for each in ids[:MAX_EXAMPLES]
    ]


def _missing(exchange: str) -> PageImage:
    return PageImage(uri="", alt=f"The picture of exchange {exchange} is not kept", width=64, height=64)


def _signal(signal: Mapping[str, Any]) -> tuple[str, str, str, str]:
    name = str(signal["name"])
    reference, median = _number(signal.get("reference")), _number(signal.get("median"))
    return SIGNAL_NAMES.get(name, name), reference, median, _odds(signal.get("against"))


def _odds(against: float | None) -> str:
    if against is None:
        return DASH
    if against >= _MOST_ODDS:
        return f"over {_MOST_ODDS:,} to 1"
    return f"{against:,.0f} to 1" if against >= 10 else f"{against:.2g} to 1"


def _number(value: float | None) -> str:
    return DASH if value is None else f"{value:.3g}"


def _accuracy(look: Look) -> dict[str, Any] | None:
    if look.accuracy is None:
        return None
    found = look.accuracy
    drawn = Interval(value=found.value, low=found.low, high=found.high)
    return {
        "value": percent(found.value),
        "ends": f"{percent(found.low)} to {percent(found.high)}",
        "audited": plural(found.audited, "label"),
        "track": interval_plot(drawn, kind="main"),
    }


def _days(traffic: Sequence[TrafficHour]) -> list[dict[str, Any]]:
    """Return the last days with traffic, the latest first."""
    days: dict[str, Counter[str]] = defaultdict(Counter)
    seconds: dict[str, float] = defaultdict(float)
    for hour in traffic:
        day = f"{datetime.fromtimestamp(hour.start, UTC):%Y-%m-%d}"
        days[day][hour.decision] += hour.exchanges
        seconds[day] += hour.seconds
    last = sorted(days, reverse=True)[:MAX_DAYS]
    most = max((days[day].total() for day in last), default=1)
    return [
        {
            "day": day,
            "exchanges": days[day].total(),
            "decisions": [days[day][name] for name in _DECISIONS],
            "milliseconds": f"{1000 * seconds[day] / max(days[day].total(), 1):,.0f}",
            "bar": stacked_bar([days[day][name] for name in _DECISIONS], total=most),
        }
        for day in last
    ]


def _class(each: Mapping[str, Any]) -> tuple[str, int, str, str, Markup]:
    share, trained = each["share"], each.get("trained")
    return each["label"], each["exchanges"], percent(share), percent(trained), stacked_bar([share], total=1.0)


def _day(since: str) -> str:
    return since[:10]
