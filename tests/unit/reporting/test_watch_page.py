"""The page on a look says what changed, and shows its pictures."""

import re
from pathlib import Path

from discern.reporting.gallery import PageImage
from discern.reporting.watch_page import MAX_DAYS, MAX_EXAMPLES, WatchPage, headline, write_watch_page
from discern.watching.looks.look import Alarm, Cluster, LiveAccuracy, Look, Promise
from discern.watching.stores.exchange_store import TrafficHour

IDS = tuple(f"{number:032x}" for number in range(20))
IMAGES = {each: PageImage(uri=f"data:image/jpeg;base64,{each}", alt=each, width=64, height=48) for each in IDS[:19]}
ALARM = Alarm(
    kind="brightness",
    since="2026-11-24T10:00:00+00:00",
    evidence={"against": 1234.5, "threshold": 20.0},
    examples=IDS[:3],
    message="Pictures are <darker>.",
)
LOOK = Look(
    bundle="ab",
    exchanges=1234,
    lost=2,
    first="2026-11-20T10:00:00+00:00",
    last="2026-11-30T10:00:00+00:00",
    alarms=(ALARM,),
    accuracy=LiveAccuracy(value=0.91, low=0.87, high=0.94, audited=120),
    estimated={"value": 0.9, "reference": 0.95},
    promise=Promise(asked=0.05, broken=False, evidence={"against": 1.0, "audited": 80, "wrong": 3.5}),
    clusters=(Cluster(ids=IDS, message="20 pictures look alike and like none of your classes: a new class?"),),
    to_audit=IDS[4:6],
    waiting=17,
    classes=({"label": "a & b", "exchanges": 10, "share": 0.5, "trained": None},),
    signals=({"name": "brightness", "against": 1234.5, "median": 0.2, "reference": 0.5},),
    notes=("Some exchanges have no embedding.",),
)
QUIET = Look(bundle="ab", exchanges=5, lost=0, first=LOOK.first, last=LOOK.last)


def written(folder: Path, look: Look, traffic: list[TrafficHour] | None = None) -> str:
    page = WatchPage(
        model="bins <1>",
        store="captures",
        made="2026-11-30T12:00:00+00:00",
        look=look,
        traffic=traffic or [],
        images=IMAGES,
        captions={IDS[0]: "a, 91 %, review", IDS[4]: "b, 60 %, review"},
        nearest={IDS[0]: PageImage(uri="data:image/jpeg;base64,near", alt="training", width=64, height=64)},
    )
    write_watch_page(folder / "page.html", page)
    return (folder / "page.html").read_text("utf-8")


def test_the_page_shows_alarms_with_examples_and_their_nearest_training_pictures(tmp_path: Path) -> None:
    text = written(tmp_path, LOOK)
    assert "Something has changed since 2026-11-24." in text
    assert "Pictures are &lt;darker&gt;." in text
    assert "Odds of the test: 1,234 to 1" in text
    assert text.count("base64,near") == 2  # in the alarm and in the cluster
    assert f"base64,{IDS[2]}" in text
    assert "a, 91 %, review" in text


def test_the_page_shows_accuracy_promise_clusters_queue_and_notes(tmp_path: Path) -> None:
    text = written(tmp_path, LOOK)
    for part in ("120 labels", "87.0 to 94.0", "not refuted", "a new class?", "17 exchanges drawn", "no embedding."):
        assert part in text.replace("\N{NO-BREAK SPACE}%", ""), part
    clusters = text.split('id="clusters"')[1].split("</section>")[0]
    assert clusters.count("<figure>") == MAX_EXAMPLES
    assert "b, 60 %, review" not in text.split('id="queue"')[1]  # the prediction would sway who labels
    assert "a &amp; b" in text
    assert not re.search(r"<script(?!>)", text)
    assert "bins &lt;1&gt;" in text


def test_an_example_without_a_kept_picture_is_named(tmp_path: Path) -> None:
    alarm = Alarm(kind="size", since=ALARM.since, evidence={}, examples=(IDS[19],), message="Smaller.")
    look = Look(bundle="ab", exchanges=9, lost=0, first=LOOK.first, last=LOOK.last, alarms=(alarm,))
    assert f"The picture of exchange {IDS[19]} is not kept" in written(tmp_path, look)


def test_traffic_is_summed_by_day_the_latest_first(tmp_path: Path) -> None:
    hour = {"bundle": "ab", "label": "a", "seconds": 1.0}
    traffic = [
        TrafficHour(start=86_400 * day + 3_600 * hours, decision=decision, exchanges=20, **hour)
        for day in range(MAX_DAYS + 5)
        for hours, decision in enumerate(("accept", "unknown"))
    ]
    text = written(tmp_path, QUIET, traffic)
    days = re.findall(r'<th scope="row" class="nowrap">(\d{4}-\d\d-\d\d)</th>', text)
    assert len(days) == MAX_DAYS
    assert days == sorted(days, reverse=True)
    row = text.split(f'class="nowrap">{days[0]}')[1].split("</tr>")[0]
    assert re.findall(r'class="number">([^<]*)<', row) == ["40", "20", "0", "20", "50"]


def test_a_quiet_look_says_so_and_an_empty_one_too(tmp_path: Path) -> None:
    assert headline(QUIET).startswith("All quiet")
    assert headline(Look(bundle="ab", exchanges=0, lost=0, first=None, last=None)).startswith("There is no captured")
    assert "however often one looks" in written(tmp_path, QUIET)


def test_a_broken_promise_comes_first() -> None:
    broken = Promise(asked=0.05, broken=True, evidence={})
    look = Look(bundle="ab", exchanges=9, lost=0, first=None, last=None, alarms=(ALARM,), promise=broken)
    assert headline(look) == "The promise no longer holds."
