"""Learner: candidate heads of one training set and their outputs."""

import numpy as np
import pytest

from discern.bundle.heads import unit_blocks
from discern.errors import DataError
from discern.heads.config import HeadConfig
from discern.heads.learner import LDA, Learner
from discern.heads.model_selection import calibrate
from discern.heads.ordinal_selection import OrdinalSelection

NO_ROWS = np.zeros(0, np.int64)


@pytest.fixture
def learner(make, blocks):
    made = make(120, 4)
    return Learner(
        made.features,
        made.labels,
        made.fold,
        np.ones(120),
        classes=4,
        spans=tuple(blocks.values()),
        held_out=(0, 1, 2, 3, 4),
        score_unknown=True,
        config=HeadConfig(),
        seed=0,
    )


def test_small_sets_get_logistic_regressions(learner):
    candidates = learner.fit(frozenset([0]), NO_ROWS)
    assert set(candidates.linear) == {LDA, "discriminant-soft", "logistic", "logistic-head"}
    assert set(learner.fit(frozenset([0]), NO_ROWS, all_heads=False).linear) == {LDA}


def test_many_classes_get_lda_alone(make, blocks):
    made = make(120, 4)
    many = Learner(
        made.features,
        made.labels,
        made.fold,
        np.ones(120),
        classes=100_000,
        spans=tuple(blocks.values()),
        held_out=(0,),
        score_unknown=True,
        config=HeadConfig(),
        seed=0,
    )
    linears = many.fit(frozenset([0]), NO_ROWS).linear
    assert set(linears) == {LDA, "discriminant-soft", "discriminant-head"}


def test_the_softer_lda_has_smaller_weights(learner):
    linears = learner.fit(frozenset([0]), NO_ROWS).linear
    assert np.linalg.norm(linears["discriminant-soft"].weight) < np.linalg.norm(linears[LDA].weight)


def test_outputs_keep_the_order_of_the_pictures(learner):
    candidates, rows = learner.fit(frozenset([0]), NO_ROWS), np.array([7, 3, 90])
    outputs = learner.predict(candidates, rows)
    np.testing.assert_array_equal(outputs.positions, rows)
    assert outputs.measures.shape == (3, 4)
    assert all(logits.shape == (3, 4) for logits in outputs.logits.values())
    again = learner.predict(candidates, rows[::-1])
    np.testing.assert_allclose(again.measures[::-1], outputs.measures, atol=1e-5)


def test_no_picture_gives_no_outputs(learner):
    outputs = learner.predict(learner.fit(frozenset([0]), NO_ROWS), NO_ROWS)
    assert outputs.measures.shape == (0, 4)


def test_the_head_that_ships_gives_the_same_logits(learner):
    candidates, rows = learner.fit(frozenset([0]), NO_ROWS), np.arange(120)
    outputs = learner.predict(candidates, rows)
    for name in candidates.linear:
        choice = calibrate(outputs, learner.labels, learner.weights, {name: 1.0})
        head = learner.build_head(candidates, choice)
        expected = choice.logits(outputs.logits, outputs.present)
        np.testing.assert_allclose(head.logits(learner.features), expected, rtol=1e-3, atol=1e-3)


def test_a_class_left_out_is_not_present(learner):
    rows = np.flatnonzero(learner.labels == 1)
    candidates = learner.fit(frozenset([2]), rows)
    assert all(linear.present.tolist() == [True, False, True, True] for linear in candidates.linear.values())
    assert len(candidates.scorer.lengths) == 3


def test_an_empty_training_set_is_rejected(learner):
    with pytest.raises(DataError, match=r"training set is empty.*hold out fewer"):
        learner.fit(frozenset([0]), np.arange(120))


def ordered_learner(made, blocks, **changes) -> Learner:
    arguments = {
        "classes": made.classes,
        "spans": tuple(blocks.values()),
        "held_out": (0, 1, 2, 3, 4),
        "score_unknown": False,
        "config": HeadConfig(ordered=True),
        "seed": 0,
    }
    weights = np.ones(len(made.labels))
    return Learner(made.features, made.labels, made.fold, weights, **(arguments | changes))


def test_ordinal_heads_are_fitted_for_ordered_labels_alone(make_ordered, blocks, learner):
    assert not learner.fit(frozenset([0]), NO_ROWS).ordinal
    ordered = ordered_learner(make_ordered(120, 4), blocks)
    assert set(ordered.fit(frozenset([0]), NO_ROWS).ordinal) == {"cumulative", "cumulative-soft"}
    assert not ordered.fit(frozenset([0]), NO_ROWS, all_heads=False).ordinal


@pytest.mark.parametrize("count", [120, 2100])
def test_the_ordinal_head_that_ships_gives_the_same_logits(make_ordered, blocks, count):
    made = make_ordered(count, 4)
    ordered = ordered_learner(made, blocks)
    candidates, rows = ordered.fit(frozenset([0]), NO_ROWS), np.arange(count)
    outputs = ordered.predict(candidates, rows)
    assert set(outputs.margins) == set(candidates.ordinal)
    for name in candidates.ordinal:
        choice = OrdinalSelection(name=name, temperature=1.3)
        head = ordered.build_head(candidates, choice)
        np.testing.assert_allclose(head.logits(made.features), choice.calibrated(outputs), rtol=1e-3, atol=1e-3)


def test_the_softer_ordinal_head_has_smaller_weights(make_ordered, blocks):
    found = ordered_learner(make_ordered(120, 4), blocks).fit(frozenset([0]), NO_ROWS).ordinal
    assert np.linalg.norm(found["cumulative-soft"].weight) < np.linalg.norm(found["cumulative"].weight)


def test_a_single_label_has_no_ordinal_head(make_ordered, blocks):
    made = make_ordered(40, 2)
    candidates = ordered_learner(made, blocks).fit(frozenset([0]), np.flatnonzero(made.labels == 1))
    assert not candidates.ordinal


def test_heads_on_all_blocks_are_centred_and_the_unknown_score_is_not(make, blocks):
    made = make(120, 4)
    arguments = (made.features, made.labels, made.fold, np.ones(120))
    settings = {"classes": 4, "spans": tuple(blocks.values()), "held_out": (0, 1), "score_unknown": True, "seed": 0}
    centred, plain = (
        Learner(*arguments, config=HeadConfig(), centred=centred, **settings).fit(frozenset([0]), NO_ROWS)
        for centred in (True, False)
    )
    expected = unit_blocks(made.features, tuple(blocks.values()))[made.fold != 0].mean(axis=0)
    assert not centred.space.centre[:24].any()
    np.testing.assert_allclose(centred.space.centre[24:], expected[24:], atol=1e-6)
    assert plain.space.centre is None
    for name in ("prototypes", "centre", "within", "directions", "lengths"):
        np.testing.assert_array_equal(getattr(centred.scorer, name), getattr(plain.scorer, name))
