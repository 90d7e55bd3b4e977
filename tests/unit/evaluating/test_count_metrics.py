"""Errors of predicted numbers, in units of the labels, beside those of the best constant answer."""

import numpy as np
import pytest

from discern.evaluating import evaluate_counts
from discern.evaluating.intervals import TOO_FEW

LABELS = ("1", "10", "2", "3")
VALUES = np.array([1, 10, 2, 3])


def sure(answers: np.ndarray) -> np.ndarray:
    return np.eye(len(LABELS))[answers]


def drawn(size: int = 200) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    return random.integers(0, 4, size), random.integers(0, 4, size)


def test_errors_are_those_of_the_numbers_and_not_of_positions() -> None:
    truth, answers = drawn()
    found = evaluate_counts(truth, sure(answers), labels=LABELS, ordered=False)
    off = np.abs(VALUES[truth] - VALUES[answers])
    assert found is not None
    assert found.values() == {
        "mae": pytest.approx(off.mean()),
        "rmse": pytest.approx(np.sqrt((off**2).mean())),
        "within_one": pytest.approx((off <= 1).mean()),
        "constant_mae": pytest.approx(min(np.abs(VALUES[truth] - value).mean() for value in VALUES)),
    }


def test_random_answers_are_worse_than_the_constant() -> None:
    truth, answers = drawn()
    found = evaluate_counts(truth, sure(answers), labels=LABELS, ordered=False)
    assert found is not None
    assert found.gain.value is not None
    assert found.gain.value == pytest.approx(found.constant_mae.value - found.mae.value)
    assert found.gain.high < 0
    assert found.constant in ("2", "3")


def test_the_constant_is_the_weighted_median_by_value() -> None:
    truth = np.array([1, 1, 0, 2])  # 10, 10, 1, 2
    found = evaluate_counts(
        truth, sure(truth), labels=LABELS, ordered=False, weights=np.array([0.25, 0.25, 1.0, 1.0]), groups=truth
    )
    assert found is not None
    assert found.constant == "2"
    assert found.mae.note == TOO_FEW


def test_ordered_labels_are_answered_by_the_median() -> None:
    labels, truth = ("1", "2", "3"), np.full(30, 1)
    probabilities = np.tile([0.4, 0.25, 0.35], (30, 1))
    plain, ordered = (
        evaluate_counts(truth, probabilities, labels=labels, ordered=ordered) for ordered in (False, True)
    )
    assert plain is not None
    assert ordered is not None
    assert (plain.mae.value, ordered.mae.value) == (1, 0)


def test_intervals_do_not_depend_on_the_unit() -> None:
    truth, answers = drawn()
    one, ten = (
        evaluate_counts(truth, sure(answers), labels=[str(scale * value) for value in VALUES], ordered=False)
        for scale in (1, 10)
    )
    assert one is not None
    assert ten is not None
    for name in ("mae", "rmse", "constant_mae", "gain"):
        assert getattr(ten, name).low == pytest.approx(10 * getattr(one, name).low), name


@pytest.mark.parametrize("labels", [("1", "2", "3", "many"), ("1", "2", "3", "nan"), ("1", "2", "3", "inf")])
def test_labels_that_are_not_all_numbers_have_none(labels: tuple[str, ...]) -> None:
    truth, answers = drawn()
    assert evaluate_counts(truth, sure(answers), labels=labels, ordered=False) is None


def test_without_pictures_there_are_none() -> None:
    nothing = np.zeros(0, np.int64)
    assert evaluate_counts(nothing, np.zeros((0, 4)), labels=LABELS, ordered=False) is None
