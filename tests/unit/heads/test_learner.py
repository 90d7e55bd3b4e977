"""One part of the pictures teaches several heads; all of them answer in the same terms."""

import numpy as np
import pytest

from discern.errors import DataError
from discern.heads.config import HeadConfig
from discern.heads.learner import PLAIN, Learner
from discern.heads.model_selection import calibrate
from discern.heads.ordinal_selection import OrdinalSelection

NOTHING = np.zeros(0, np.int64)


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
        apart=(0, 1, 2, 3, 4),
        strangers=True,
        config=HeadConfig(),
        seed=0,
    )


def test_small_sets_get_logistic_regressions_too(learner):
    learned = learner.learn(frozenset([0]), NOTHING)
    assert set(learned.linears) == {PLAIN, "discriminant-soft", "logistic", "logistic-head"}
    assert set(learner.learn(frozenset([0]), NOTHING, heads=False).linears) == {PLAIN}


def test_many_classes_get_discriminants_alone(make, blocks):
    made = make(120, 4)
    many = Learner(
        made.features,
        made.labels,
        made.fold,
        np.ones(120),
        classes=100_000,
        spans=tuple(blocks.values()),
        apart=(0,),
        strangers=True,
        config=HeadConfig(),
        seed=0,
    )
    linears = many.learn(frozenset([0]), NOTHING).linears
    assert set(linears) == {PLAIN, "discriminant-soft", "discriminant-head"}


def test_the_soft_discriminant_is_shorter(learner):
    linears = learner.learn(frozenset([0]), NOTHING).linears
    assert np.linalg.norm(linears["discriminant-soft"].weight) < np.linalg.norm(linears[PLAIN].weight)


def test_answers_have_a_row_for_each_picture_in_order(learner):
    learned, rows = learner.learn(frozenset([0]), NOTHING), np.array([7, 3, 90])
    answers = learner.answer(learned, rows)
    np.testing.assert_array_equal(answers.positions, rows)
    assert answers.measures.shape == (3, 4)
    assert all(logits.shape == (3, 4) for logits in answers.logits.values())
    again = learner.answer(learned, rows[::-1])
    np.testing.assert_allclose(again.measures[::-1], answers.measures, atol=1e-5)


def test_no_picture_to_answer_is_no_error(learner):
    answers = learner.answer(learner.learn(frozenset([0]), NOTHING), NOTHING)
    assert answers.measures.shape == (0, 4)


def test_the_head_that_ships_says_what_was_answered(learner):
    learned, rows = learner.learn(frozenset([0]), NOTHING), np.arange(120)
    answers = learner.answer(learned, rows)
    for name in learned.linears:
        choice = calibrate(answers, learner.labels, learner.weights, {name: 1.0})
        head = learner.head(learned, choice)
        expected = choice.logits(answers.logits, answers.present)
        np.testing.assert_allclose(head.logits(learner.features), expected, rtol=1e-3, atol=1e-3)


def test_a_class_left_out_is_not_present(learner):
    rows = np.flatnonzero(learner.labels == 1)
    learned = learner.learn(frozenset([2]), rows)
    assert all(linear.present.tolist() == [True, False, True, True] for linear in learned.linears.values())
    assert len(learned.scorer.lengths) == 3


def test_nothing_left_to_learn_from_is_named(learner):
    with pytest.raises(DataError, match="left to learn from"):
        learner.learn(frozenset([0]), np.arange(120))


def ordered_learner(made, blocks, **changes) -> Learner:
    facts = {
        "classes": made.classes,
        "spans": tuple(blocks.values()),
        "apart": (0, 1, 2, 3, 4),
        "strangers": False,
        "config": HeadConfig(ordered=True),
        "seed": 0,
    }
    weights = np.ones(len(made.labels))
    return Learner(made.features, made.labels, made.fold, weights, **(facts | changes))


def test_cumulative_heads_are_fitted_for_ordered_labels_alone(make_ordered, blocks, learner):
    assert not learner.learn(frozenset([0]), NOTHING).cumulatives
    ordered = ordered_learner(make_ordered(120, 4), blocks)
    assert set(ordered.learn(frozenset([0]), NOTHING).cumulatives) == {"cumulative", "cumulative-soft"}
    assert not ordered.learn(frozenset([0]), NOTHING, heads=False).cumulatives


@pytest.mark.parametrize("count", [120, 2100])
def test_the_cumulative_head_that_ships_says_what_was_answered(make_ordered, blocks, count):
    made = make_ordered(count, 4)
    ordered = ordered_learner(made, blocks)
    learned, rows = ordered.learn(frozenset([0]), NOTHING), np.arange(count)
    answers = ordered.answer(learned, rows)
    assert set(answers.margins) == set(learned.cumulatives)
    for name in learned.cumulatives:
        choice = OrdinalSelection(name=name, temperature=1.3)
        head = ordered.head(learned, choice)
        np.testing.assert_allclose(head.logits(made.features), choice.answer(answers), rtol=1e-3, atol=1e-3)


def test_the_soft_cumulative_head_is_shorter(make_ordered, blocks):
    found = ordered_learner(make_ordered(120, 4), blocks).learn(frozenset([0]), NOTHING).cumulatives
    assert np.linalg.norm(found["cumulative-soft"].weight) < np.linalg.norm(found["cumulative"].weight)


def test_one_label_left_over_has_no_cumulative_head(make_ordered, blocks):
    made = make_ordered(40, 2)
    learned = ordered_learner(made, blocks).learn(frozenset([0]), np.flatnonzero(made.labels == 1))
    assert not learned.cumulatives
