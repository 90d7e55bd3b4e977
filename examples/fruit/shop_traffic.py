"""Traffic of a shop's scales: customers at simulated times, whose exchanges are kept as a server keeps them."""

import random
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import discern
from discern.inference.batch_config import BatchConfig
from discern.inference.batcher import Batcher
from discern.inference.build_exchanges import build_exchanges
from discern.inference.capture_sink import CaptureSink
from discern.inference.exchange import Exchange
from discern.watching.captures.capture_config import CaptureConfig
from discern.watching.captures.open_capture import open_capture

DAY = 86_400.0
_OPENS, _HOURS = 8, 12
_WEEKEND = ("Cherry", "Tomato")
"""Fruits of which more are sold on the last two days of a week: the mix changes each week."""
_SATURDAY = 5
_TOGETHER = 64


@dataclass(frozen=True, kw_only=True)
class Visit:
    """Visit of a customer, who puts one fruit on a scale.

    Attributes:
        picture: path of the picture that the scale takes.
        time: seconds since midnight before the first day.
    """

    picture: Path
    time: float


def plan_week(pictures: Sequence[Path], *, seed: int) -> list[Visit]:
    """Plan the visits of a week in the order of their times; each picture is shown once.

    Args:
        pictures: pictures in folders of their class.
        seed: random seed.
    """
    chance = random.Random(seed)
    visits = []
    for path in sorted(pictures):
        late = path.parent.name.startswith(_WEEKEND) and chance.random() < 0.5
        day = chance.randrange(_SATURDAY, 7) if late else chance.randrange(7)
        visits.append(Visit(picture=path, time=day * DAY + 3600 * (_OPENS + _HOURS * chance.random())))
    return sorted(visits, key=lambda each: each.time)


def keep_visits(bundle: Path, store: Path, visits: Sequence[Visit], *, start: float) -> int:
    """Classify the pictures of visits, keep the exchanges as a server does, and return how many were kept.

    Args:
        bundle: path of the bundle.
        store: folder of the store.
        visits: the visits in the order of their times.
        start: midnight before the first day, seconds since 1970 UTC.
    """
    kept = 0
    config = CaptureConfig(store=str(store), spool=store.with_name(f"{store.name}-spool"))
    with (
        closing(Batcher(discern.load(bundle), batching=BatchConfig(capture=True))) as batcher,
        closing(open_capture(config)) as sink,
    ):
        for first in range(0, len(visits), _TOGETHER):
            kept += sink.keep(list(_exchanges(batcher, sink, visits[first : first + _TOGETHER], start)))
    return kept


def _exchanges(batcher: Batcher, sink: CaptureSink, visits: Sequence[Visit], start: float) -> Iterator[Exchange]:
    results = [each.result() for each in batcher.submit_all([visit.picture.read_bytes() for visit in visits])]
    built = build_exchanges(results, model="fruits", door="rest", sink=sink, now=start)
    for visit, exchange in zip(visits, built, strict=True):
        yield replace(exchange, time=start + visit.time, client=f"customer {visit.time:.0f}")
