"""The monitor raises the alarm of what has changed, soon, with examples, and none without a change."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from discern.errors import StoreError
from discern.watching.drift.drift_monitor import LEVEL, DriftMonitor
from discern.watching.stores.exchange_store import ExchangeColumns
from tests.unit.watching.drift.factories import LABELS, make_columns, make_reference, take

REFERENCE = make_reference(500)


def watch(columns: ExchangeColumns, *, step: int | None = None, average_run: float | None = None) -> DriftMonitor:
    monitor = DriftMonitor(REFERENCE, LABELS, average_run=average_run)
    for start in range(0, len(columns), step or len(columns)):
        monitor.update(take(columns, slice(start, start + (step or len(columns)))))
    return monitor


def join(first: ExchangeColumns, second: ExchangeColumns) -> ExchangeColumns:
    return ExchangeColumns(
        **{name: np.concatenate([each, getattr(second, name)]) for name, each in vars(first).items()}
    )


def test_nothing_is_raised_without_a_change() -> None:
    for seed in range(8):
        monitor = watch(make_columns(600, seed=seed))
        assert monitor.alarms() == ()
        assert monitor.independent == 600


def test_another_mix_of_classes_raises_nothing() -> None:
    for seed, share in enumerate((0.0, 0.03, 0.97, 1.0)):
        assert watch(make_columns(500, seed=seed, share=share)).alarms() == ()


@pytest.mark.parametrize(
    ("signal", "shift", "words"),
    [
        ("unknown", 1.0, "less like the training pictures"),
        ("confidence", -1.0, "less confident"),
        ("brightness", 1.0, "brighter"),
        ("brightness", -1.0, "darker"),
        ("sharpness", -1.0, "less sharp"),
    ],
)
def test_a_change_of_a_signal_is_named_soon(signal: str, shift: float, words: str) -> None:
    columns = make_columns(150, shift={signal: shift})
    alarm = watch(columns).alarms()[0]
    assert alarm.kind == signal
    assert words in alarm.message
    assert alarm.evidence["exchanges"] < 80
    assert alarm.evidence["against"] >= alarm.evidence["threshold"] == pytest.approx(1 / (LEVEL - 0.02))
    assert (alarm.evidence["median"] - alarm.evidence["reference"]) * shift > 0


def test_the_examples_are_the_most_extreme_exchanges() -> None:
    columns = make_columns(150, shift={"brightness": 1.5})
    alarm = watch(columns).alarms()[0]
    rows = [columns.id.tolist().index(name) for name in alarm.examples]
    assert np.mean(columns.brightness[rows]) > np.quantile(columns.brightness, 0.9)


def test_a_higher_confidence_and_a_lower_unknown_score_are_no_alarm() -> None:
    kinds = {alarm.kind for alarm in watch(make_columns(400, shift={"confidence": 1.0, "unknown": -1.0})).alarms()}
    assert not kinds & {"confidence", "unknown"}


def test_a_change_of_the_embeddings_alone_is_noticed_and_shown_beside_the_nearest_pictures() -> None:
    alarms = watch(make_columns(300, towards=0.4)).alarms()
    assert [alarm.kind for alarm in alarms] == ["pictures"]
    nearest = alarms[0].evidence["nearest"]
    assert [each["id"] for each in nearest] == list(alarms[0].examples)
    best = nearest[0]["pictures"][0]
    assert best["content"] == REFERENCE.content[best["index"]].tobytes().hex()
    assert best["label"] in LABELS
    assert best["cosine"] > 0.5


def test_the_beginning_of_a_late_change_is_estimated() -> None:
    late = make_columns(200, seed=5, start=601, shift={"sharpness": -1.5})
    columns = join(make_columns(600), late)
    monitor = watch(columns, step=50)
    alarm = next(each for each in monitor.alarms() if each.kind == "sharpness")
    begun = np.datetime64(alarm.since.removesuffix("+00:00")).astype("datetime64[s]").astype(float)
    assert abs(begun - columns.time[600]) < 60 * 25
    assert set(alarm.examples) <= set(late.id)


def test_the_size_of_batches_does_not_matter() -> None:
    columns = make_columns(400, shift={"confidence": -0.6}, towards=0.3)
    whole, parts = watch(columns), watch(columns, step=37)
    assert [each.kind for each in parts.alarms()] == [each.kind for each in whole.alarms()]
    for first, second in zip(whole.alarms(), parts.alarms(), strict=True):
        assert second.since == first.since
        assert second.evidence["exchanges"] == first.evidence["exchanges"]
    found = [[each["against"] for each in monitor.signals()] for monitor in (whole, parts)]
    assert found[0] == pytest.approx(found[1])


def test_a_restored_monitor_goes_on_as_if_nothing_had_happened() -> None:
    columns = make_columns(400, shift={"confidence": -0.6})
    first = watch(take(columns, slice(0, 180)))
    again = DriftMonitor.from_bytes(first.to_bytes(), REFERENCE, LABELS)
    assert again.to_bytes() == first.to_bytes()
    for monitor in (first, again):
        monitor.update(take(columns, slice(180, 400)))
    assert again.to_bytes() == first.to_bytes()
    assert again.alarms() == first.alarms() != ()


def test_the_state_of_another_model_or_no_state_is_refused() -> None:
    state = watch(make_columns(50)).to_bytes()
    others: tuple[tuple[bytes, Any, tuple[str, ...], float | None], ...] = (
        (state, make_reference(seed=7), LABELS, None),
        (state, REFERENCE, ("pear", "apple"), None),
        (state, REFERENCE, LABELS, 1000.0),
        (state[:-30], REFERENCE, LABELS, None),
        (b"", REFERENCE, LABELS, None),
    )
    for data, reference, labels, average_run in others:
        with pytest.raises(StoreError, match="kept state"):
            DriftMonitor.from_bytes(data, reference, labels, average_run=average_run)


def test_exchanges_that_were_seen_before_and_repeated_pictures_are_not_bet_on() -> None:
    columns = make_columns(100, shift={"confidence": -2.0})
    monitor = watch(columns)
    before = monitor.signals()
    monitor.update(columns)
    monitor.update(replace(columns, number=columns.number + 100))
    assert monitor.signals() == before
    assert (monitor.independent, monitor.last) == (100, 200)
    one = take(columns, np.zeros(300, int))
    assert watch(replace(one, number=np.arange(1, 301))).alarms() == ()


def test_exchanges_without_embeddings_are_watched_by_the_other_signals() -> None:
    monitor = watch(make_columns(200, shift={"brightness": 1.0}, embeddings=False))
    assert [alarm.kind for alarm in monitor.alarms()] == ["brightness"]
    monitor.update(make_columns(50, start=201))
    assert monitor.independent == 250


def test_a_reference_without_embeddings_is_enough() -> None:
    signals = REFERENCE.signals.copy()
    signals[:, 2] = np.nan
    bare = replace(
        REFERENCE, signals=signals, projected=np.zeros((0, 1), np.int8), centres=np.zeros((0, 1), np.float16)
    )
    monitor = DriftMonitor(bare, LABELS)
    monitor.update(make_columns(200, shift={"confidence": -1.0}))
    assert monitor.alarms()[0].kind == "confidence"
    assert monitor.signals()[2] == {
        "name": "distance",
        "against": 1.0,
        "median": monitor.signals()[2]["median"],
        "reference": None,
    }
    assert DriftMonitor.from_bytes(monitor.to_bytes(), bare, LABELS).alarms() == monitor.alarms()


def test_an_endless_stream_has_its_own_threshold() -> None:
    assert watch(make_columns(1500), average_run=50_000).alarms() == ()
    monitor = watch(make_columns(150, shift={"confidence": -1.0}), average_run=50_000)
    assert monitor.alarms()[0].kind == "confidence"
    assert monitor.threshold == 50_000
    again = DriftMonitor.from_bytes(monitor.to_bytes(), REFERENCE, LABELS, average_run=50_000)
    assert again.alarms() == monitor.alarms()
    assert DriftMonitor(REFERENCE, LABELS).threshold == pytest.approx(1 / 0.03)


def test_no_exchanges_change_nothing() -> None:
    monitor = watch(make_columns(10))
    before = monitor.to_bytes()
    monitor.update(take(make_columns(10), slice(0, 0)))
    assert monitor.to_bytes() == before
