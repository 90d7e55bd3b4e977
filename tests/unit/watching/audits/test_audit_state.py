"""The state of an audit continues from new rows alone, and bends to neither repeated pictures nor chosen feedback."""

import time

import numpy as np
import pytest

from discern.errors import StoreError
from discern.inference.exchange import Feedback
from discern.watching.audits.audit_sample import AuditConfig, audit_probability, draw_uniform
from discern.watching.audits.audit_state import AuditState
from tests.unit.watching.audited_columns import make_columns

EVERY = AuditConfig(share=1, even=1)


def labelled_state(truths: list[str | None], **changed: object) -> AuditState:
    state = AuditState(EVERY)
    state.update(make_columns(len(truths), truth=np.array(truths, object), **changed))
    return state


def test_the_sample_is_the_one_that_every_reader_draws() -> None:
    columns, config = make_columns(2000), AuditConfig()
    state = AuditState(config)
    drawn = draw_uniform(columns.id) < audit_probability(columns.confidence, config)
    assert state.update(columns) == drawn.sum() == len(state) > 0
    assert state.queue() == tuple(columns.id[drawn])


def test_rows_that_were_read_are_not_read_again() -> None:
    state = AuditState(EVERY)
    assert state.update(make_columns(10)) == 10
    assert state.update(make_columns(10)) == 0
    assert state.update(make_columns(10, start=6)) == 5
    assert (state.exchanges, state.row) == (15, 15)
    assert state.update(make_columns(0)) == 0


def test_a_repeated_picture_counts_once() -> None:
    pixels = np.array(["a", "a", "b", "", "", "a"], object)
    content = np.array(["1", "2", "3", "4", "4", "1"], object)
    state = AuditState(EVERY)
    assert state.update(make_columns(6, pixels=pixels, content=content)) == 3
    assert state.update(make_columns(1, start=7, pixels=np.array(["b"], object))) == 0
    assert state.exchanges == 3


def test_the_queue_is_ordered_and_limited() -> None:
    state = labelled_state([None] * 5)
    assert state.queue(2) == (f"{1:032x}", f"{2:032x}")
    assert state.label(f"{1:032x}", "ripe")
    assert state.queue()[0] == f"{2:032x}"
    assert (state.waiting, len(state)) == (4, 5)


def test_the_last_label_holds() -> None:
    state = labelled_state([None])
    for truth, is_new, right in (("ripe", False, True), ("green", False, False), ("ripe", False, True)):
        state.label(f"{1:032x}", truth, is_new=is_new)
        assert state.audits().is_right.tolist() == [right]


def test_a_picture_of_a_new_class_is_never_right() -> None:
    state = labelled_state([None])
    state.label(f"{1:032x}", "ripe", is_new=True)
    assert not state.audits().is_right[0]
    assert state.audits().is_new[0]
    read = labelled_state(["ripe"], is_new=np.array([True])).audits()
    assert not read.is_right[0]
    assert read.is_new[0]


def test_an_exchange_outside_the_sample_takes_no_label() -> None:
    assert not labelled_state([None]).label("f" * 32, "ripe")


def test_feedback_labels_the_sample_and_is_read_once() -> None:
    state = labelled_state([None, None])
    entry = Feedback(exchange=f"{2:032x}", label="green", time=1.0, source="api")
    other = Feedback(exchange="elsewhere", label="green", time=1.0, source="api")
    assert state.apply([(3, entry), (8, other)]) == 1
    assert (state.feedback, state.waiting) == (8, 1)


def test_feedback_for_wrong_predictions_alone_does_not_count() -> None:
    truths: list[str | None] = [None] * 100
    truths[3::10] = ["green"] * 10
    state = labelled_state(truths)
    assert len(state.audits()) == 0
    for identifier in state.queue():
        state.label(identifier, "ripe")
    assert state.audits().is_right.mean() == 0.9


def test_few_skipped_ones_do_not_stop_the_audit() -> None:
    truths: list[str | None] = ["ripe"] * 100
    truths[10], truths[50] = None, None
    audits = labelled_state([*truths, None, None]).audits()
    assert (len(audits), audits.skipped, audits.waiting) == (98, 2, 4)


def test_the_mean_confidence_is_that_of_all_exchanges_up_to_the_last_label() -> None:
    confidence = np.array([0.8, 0.6, 1.0, 0.1])
    audits = labelled_state(["ripe", "ripe", "ripe", None], confidence=confidence).audits()
    assert (audits.mean_confidence, audits.exchanges) == (pytest.approx(0.8), 3)


def test_an_undefined_confidence_counts_as_one_half() -> None:
    audits = labelled_state(["ripe"], confidence=np.array([np.nan])).audits()
    assert audits.confidence.tolist() == [0.5]
    assert audits.mean_confidence == 0.5


def test_an_exchange_stands_for_those_that_sampling_left_out() -> None:
    audits = labelled_state(["ripe", "ripe"], kept_with=np.array([0.25, np.nan])).audits()
    assert audits.weight.tolist() == [4, 1]
    assert (audits.exchanges, audits.largest_weight) == (5, 4)


def test_no_weight_is_above_the_largest() -> None:
    rng = np.random.default_rng(0)
    state = AuditState(AuditConfig(share=0.2))
    truth = np.full(3000, "ripe", object)
    state.update(make_columns(3000, confidence=rng.random(3000), kept_with=rng.uniform(0.1, 1, 3000), truth=truth))
    audits = state.audits()
    assert audits.weight.max() <= audits.largest_weight < 1 / (0.2 * state.config.even * 0.1)
    assert audits.weight.sum() == pytest.approx(audits.exchanges, rel=0.1)


def test_erased_exchanges_leave_the_queue() -> None:
    state = labelled_state([None] * 3)
    assert state.forget([f"{2:032x}", "elsewhere"]) == 1
    assert state.queue() == (f"{1:032x}", f"{3:032x}")


def test_nothing_of_an_erased_picture_is_kept() -> None:
    state = labelled_state([None] * 3)
    state.forget([f"{2:032x}"], pictures=["p2"])
    kept = labelled_state([None] * 3)
    assert len(state.to_bytes()) < len(kept.to_bytes())
    assert state.update(make_columns(1, start=4, pixels=np.array(["p2"], object))) == 1
    assert state.update(make_columns(1, start=5, pixels=np.array(["p1"], object))) == 0


def test_a_kept_state_continues_as_if_it_had_never_been_away() -> None:
    whole, kept = AuditState(AuditConfig(share=0.3)), AuditState(AuditConfig(share=0.3))
    for start in (1, 101):
        labels = np.array(["ripe", "green"] * 50, object)
        columns = make_columns(100, start=start, label=labels, truth=np.full(100, "ripe", object))
        whole.update(columns)
        kept = AuditState.from_bytes(kept.to_bytes())
        kept.update(columns)
    kept = AuditState.from_bytes(kept.to_bytes())
    assert kept.to_bytes() == whole.to_bytes()
    assert kept.update(make_columns(1, start=201, pixels=np.array(["p7"], object))) == 0
    assert kept.config == AuditConfig(share=0.3)


@pytest.mark.parametrize("damage", [b"", b"no archive", None])
def test_a_damaged_state_is_refused(damage: bytes | None) -> None:
    data = AuditState(EVERY).to_bytes()[:-60] if damage is None else damage
    with pytest.raises(StoreError, match="state of the audit"):
        AuditState.from_bytes(data)


def test_a_state_of_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = AuditState(EVERY).to_bytes()
    monkeypatch.setattr("discern.watching.audits.audit_state.VERSION", 2)
    with pytest.raises(StoreError, match="version 1"):
        AuditState.from_bytes(data)


def test_the_queue_of_many_drawn_exchanges_is_read_quickly() -> None:
    state = AuditState(EVERY)
    state.update(make_columns(50_000))
    state = AuditState.from_bytes(state.to_bytes())
    start = time.process_time()
    assert len(state.queue(20)) == 20
    assert len(state.queue()) == 50_000
    assert time.process_time() - start < 1
