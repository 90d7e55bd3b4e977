"""Figures from truth and answers, against numbers worked out by hand."""

import json

import numpy as np
import pytest

from discern.errors import UsageError
from discern.evaluating import evaluate_predictions
from discern.evaluating.classification_metrics import rank_confusions
from discern.evaluating.intervals import TOO_FEW

LABELS = ("ash", "birch", "cedar")


def certain(predicted: list[int] | np.ndarray, sure: float = 0.8, classes: int = 3) -> np.ndarray:
    probabilities = np.full((len(predicted), classes), (1 - sure) / (classes - 1))
    probabilities[np.arange(len(predicted)), predicted] = sure
    return probabilities


def judged(truth: list[int], predicted: list[int], **options):
    options.setdefault("groups", np.arange(len(truth)))
    return evaluate_predictions(np.array(truth), certain(predicted), labels=LABELS, **options)


TRUTH = [0, 0, 0, 0, 1, 1, 1, 2]
CALLED = [0, 0, 0, 1, 1, 1, 0, 2]


def test_the_overall_figures():
    figures = judged(TRUTH, CALLED)
    assert figures.accuracy.value == pytest.approx(6 / 8)
    assert figures.balanced_accuracy.value == pytest.approx((3 / 4 + 2 / 3 + 1) / 3)
    assert figures.macro_f1.value == pytest.approx((6 / 8 + 4 / 6 + 1) / 3)
    assert (figures.pictures, figures.groups, figures.classes) == (8, 8, 3)


def test_the_figures_of_each_class():
    ash, birch, cedar = judged(TRUTH, CALLED).per_class
    assert (ash.label, ash.support, ash.groups) == ("ash", 4, 4)
    assert ash.precision == pytest.approx(3 / 4)
    assert ash.recall.value == pytest.approx(3 / 4)
    assert birch.f1 == pytest.approx(4 / 6)
    assert cedar.recall.value == 1.0


def test_the_confusion_has_the_truth_in_its_rows():
    figures = judged(TRUTH, CALLED)
    assert figures.confusion.tolist() == [[3, 1, 0], [1, 2, 0], [0, 0, 1]]
    assert figures.confused[0].truth == "ash"
    assert figures.confused[0].share == pytest.approx(1 / 4)


def test_mix_ups_are_ranked_by_how_many():
    confusion = np.array([[5.0, 1.0, 0.0], [4.0, 3.0, 2.0], [0.0, 0.0, 9.0]])
    ranked = rank_confusions(confusion, LABELS)
    assert [(each.truth, each.predicted, each.count) for each in ranked] == [
        ("birch", "ash", 4),
        ("birch", "cedar", 2),
        ("ash", "birch", 1),
    ]
    assert len(rank_confusions(confusion, LABELS, most=1)) == 1


def test_losses_by_hand():
    figures = evaluate_predictions(
        np.array([0, 1]), np.array([[0.8, 0.2], [0.4, 0.6]]), labels=("a", "b"), groups=np.arange(2)
    )
    assert figures.log_loss.value == pytest.approx(-(np.log(0.8) + np.log(0.6)) / 2)
    assert figures.brier.value == pytest.approx((2 * 0.04 + 2 * 0.16) / 2)
    assert figures.uncalibrated_log_loss is None


def test_losses_before_temperature_stand_beside_those_after():
    truth = np.array(TRUTH)
    figures = evaluate_predictions(
        truth, certain(CALLED, 0.8), labels=LABELS, groups=np.arange(8), uncalibrated=certain(CALLED, 0.99)
    )
    assert figures.uncalibrated_log_loss.value > figures.log_loss.value
    assert figures.uncalibrated_brier.value > figures.brier.value


def test_certainty_of_something_wrong_is_a_large_loss_and_not_an_infinite_one():
    figures = evaluate_predictions(np.array([0]), np.array([[0.0, 1.0]]), labels=("a", "b"), groups=np.arange(1))
    assert 30 < figures.log_loss.value < 40


def test_a_class_that_was_not_judged_counts_nowhere_and_is_null():
    figures = judged([0, 0, 1, 1], [0, 2, 1, 1])
    cedar = figures.per_class[2]
    assert figures.classes == 2
    assert figures.balanced_accuracy.value == pytest.approx(0.75)
    assert figures.macro_f1.value == pytest.approx((2 / 3 + 1) / 2)
    assert (cedar.support, cedar.groups) == (0, 0)
    assert cedar.precision is cedar.recall.value is cedar.f1 is None
    assert cedar.recall.note


def test_a_class_that_is_never_named_has_no_precision():
    ash = judged([0, 0, 1], [1, 1, 1]).per_class[0]
    assert ash.precision is None
    assert (ash.recall.value, ash.f1) == (0.0, 0.0)


def test_recall_has_an_interval_only_where_its_class_has_enough_groups():
    truth = np.repeat([0, 1], [60, 60])
    groups = np.concatenate([np.arange(60), 100 + np.arange(60) // 6])
    called = np.where(np.arange(120) % 5 == 0, 1 - truth, truth)
    figures = evaluate_predictions(truth, certain(called), labels=LABELS, groups=groups)
    many, few, _ = figures.per_class
    assert many.recall.low < many.recall.value < many.recall.high
    assert few.recall.note == TOO_FEW
    assert few.groups == 10


def test_a_picture_that_was_copied_counts_once():
    once = judged(TRUTH, CALLED)
    copied = judged(
        [*TRUTH, 0], [*CALLED, 0], weights=np.array([0.5, *[1.0] * 7, 0.5]), groups=np.array([*range(8), 0])
    )
    assert copied.accuracy.value == pytest.approx(once.accuracy.value)
    assert copied.log_loss.value == pytest.approx(once.log_loss.value)
    assert copied.per_class[0].support == once.per_class[0].support
    assert copied.groups == once.groups


def test_pictures_without_weight_are_not_judged():
    figures = judged([*TRUTH, 2], [*CALLED, 0], weights=np.array([1.0] * 8 + [0.0]))
    assert figures.pictures == 8
    assert figures.per_class[2].recall.value == 1.0


def test_the_json_has_plain_values_and_no_nan():
    told = json.loads(json.dumps(judged([0, 0, 1], [1, 1, 1]).to_json(), allow_nan=False))
    assert told["accuracy"] == {"value": pytest.approx(1 / 3), "low": None, "high": None, "note": TOO_FEW}
    assert told["labels"] == list(LABELS)
    assert told["confusion"] == [[0, 2, 0], [0, 1, 0], [0, 0, 0]]
    assert set(told["ece"]) == {"value", "low", "high", "note", "null95"}
    assert told["per_class"][0]["precision"] is None
    assert told["confused"] == [{"truth": "ash", "predicted": "birch", "count": 2, "share": 1.0}]
    assert told["reliability"]


def test_the_same_seed_gives_the_same_figures():
    random = np.random.default_rng(0)
    truth, called = random.integers(0, 3, 100), random.integers(0, 3, 100)
    first, again = (judged(truth, called, seed=4).to_json() for _ in range(2))
    assert first == again


def test_half_precision_and_single_precision_are_judged_too():
    for kind in (np.float16, np.float32):
        figures = evaluate_predictions(
            np.array(TRUTH), certain(CALLED).astype(kind), labels=LABELS, groups=np.arange(8)
        )
        assert figures.brier.value == pytest.approx(judged(TRUTH, CALLED).brier.value, abs=2e-3)


def test_many_pictures_take_no_time_to_speak_of():
    random = np.random.default_rng(0)
    truth = random.integers(0, 50, 10_000)
    logits = random.normal(size=(10_000, 50)).astype(np.float32)
    logits[np.arange(10_000), truth] += 3
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    figures = evaluate_predictions(
        truth, probabilities, labels=[str(each) for each in range(50)], groups=np.arange(10_000) // 2
    )
    assert figures.accuracy.high - figures.accuracy.low < 0.03
    assert all(each.recall.low is not None for each in figures.per_class)


@pytest.mark.parametrize(
    ("truth", "probabilities"),
    [
        (np.array([0, 1]), certain([0, 1])[:, :2]),
        (np.array([0, 1]), certain([0])),
        (np.array([0, 3]), certain([0, 1])),
        (np.array([0, -1]), certain([0, 1])),
        (np.array([0.0, 1.0]), certain([0, 1])),
        (np.array([[0, 1]]), certain([0, 1])),
        (np.array([0, 1]), 2 * certain([0, 1])),
        (np.array([0, 1]), certain([0, 1]) * np.nan),
        (np.array([0, 1]), np.array([[1.5, -0.5, 0.0], [1.0, 0.0, 0.0]])),
        (np.array([0, 1]), np.array([[1, 0, 0], [0, 1, 0]])),
        (np.array([], dtype=int), np.zeros((0, 3))),
    ],
)
def test_what_makes_no_sense_is_refused(truth, probabilities):
    with pytest.raises(UsageError):
        evaluate_predictions(truth, probabilities, labels=LABELS, groups=np.arange(len(truth)))


def test_answers_before_temperature_are_checked_too():
    with pytest.raises(UsageError, match="Row 0"):
        judged([0, 1], [0, 1], uncalibrated=np.ones((2, 3)))


def test_groups_and_weights_must_fit_the_pictures():
    with pytest.raises(UsageError):
        judged([0, 1], [0, 1], groups=np.arange(3))
    with pytest.raises(UsageError, match="nothing to judge"):
        judged([0, 1], [0, 1], weights=np.zeros(2))
