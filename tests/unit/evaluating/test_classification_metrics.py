"""Classification metrics, compared with values computed by hand."""

import json

import numpy as np
import pytest

from discern.errors import UsageError
from discern.evaluating import evaluate_predictions
from discern.evaluating.classification_metrics import rank_confusions
from discern.evaluating.intervals import TOO_FEW

LABELS = ("ash", "birch", "cedar")


def certain(predicted: list[int] | np.ndarray, confidence: float = 0.8, classes: int = 3) -> np.ndarray:
    probabilities = np.full((len(predicted), classes), (1 - confidence) / (classes - 1))
    probabilities[np.arange(len(predicted)), predicted] = confidence
    return probabilities


def evaluate(truth: list[int], predicted: list[int], **options):
    options.setdefault("groups", np.arange(len(truth)))
    return evaluate_predictions(np.array(truth), certain(predicted), labels=LABELS, **options)


TRUTH = [0, 0, 0, 0, 1, 1, 1, 2]
PREDICTED = [0, 0, 0, 1, 1, 1, 0, 2]


def test_overall_metrics():
    result = evaluate(TRUTH, PREDICTED)
    assert result.accuracy.value == pytest.approx(6 / 8)
    assert result.balanced_accuracy.value == pytest.approx((3 / 4 + 2 / 3 + 1) / 3)
    assert result.macro_f1.value == pytest.approx((6 / 8 + 4 / 6 + 1) / 3)
    assert (result.pictures, result.groups, result.classes) == (8, 8, 3)


def test_metrics_by_class():
    ash, birch, cedar = evaluate(TRUTH, PREDICTED).per_class
    assert (ash.label, ash.support, ash.groups) == ("ash", 4, 4)
    assert ash.precision == pytest.approx(3 / 4)
    assert ash.recall.value == pytest.approx(3 / 4)
    assert birch.f1 == pytest.approx(4 / 6)
    assert cedar.recall.value == 1.0


def test_the_confusion_has_the_truth_in_its_rows():
    result = evaluate(TRUTH, PREDICTED)
    assert result.confusion.tolist() == [[3, 1, 0], [1, 2, 0], [0, 0, 1]]
    assert result.confused[0].truth == "ash"
    assert result.confused[0].share == pytest.approx(1 / 4)


def test_confused_pairs_are_ranked_by_count():
    confusion = np.array([[5.0, 1.0, 0.0], [4.0, 3.0, 2.0], [0.0, 0.0, 9.0]])
    ranked = rank_confusions(confusion, LABELS)
    assert [(each.truth, each.predicted, each.count) for each in ranked] == [
        ("birch", "ash", 4),
        ("birch", "cedar", 2),
        ("ash", "birch", 1),
    ]
    assert len(rank_confusions(confusion, LABELS, most=1)) == 1


def test_losses_by_hand():
    result = evaluate_predictions(
        np.array([0, 1]), np.array([[0.8, 0.2], [0.4, 0.6]]), labels=("a", "b"), groups=np.arange(2)
    )
    assert result.log_loss.value == pytest.approx(-(np.log(0.8) + np.log(0.6)) / 2)
    assert result.brier.value == pytest.approx((2 * 0.04 + 2 * 0.16) / 2)
    assert result.uncalibrated_log_loss is None


def test_uncalibrated_losses_are_computed_as_well():
    truth = np.array(TRUTH)
    result = evaluate_predictions(
        truth, certain(PREDICTED, 0.8), labels=LABELS, groups=np.arange(8), uncalibrated=certain(PREDICTED, 0.99)
    )
    assert result.uncalibrated_log_loss.value > result.log_loss.value
    assert result.uncalibrated_brier.value > result.brier.value


def test_a_certain_wrong_prediction_has_a_finite_loss():
    result = evaluate_predictions(np.array([0]), np.array([[0.0, 1.0]]), labels=("a", "b"), groups=np.arange(1))
    assert 30 < result.log_loss.value < 40


def test_a_class_without_pictures_is_null_and_not_averaged():
    result = evaluate([0, 0, 1, 1], [0, 2, 1, 1])
    cedar = result.per_class[2]
    assert result.classes == 2
    assert result.balanced_accuracy.value == pytest.approx(0.75)
    assert result.macro_f1.value == pytest.approx((2 / 3 + 1) / 2)
    assert (cedar.support, cedar.groups) == (0, 0)
    assert cedar.precision is cedar.recall.value is cedar.f1 is None
    assert cedar.recall.note


def test_a_class_that_is_never_predicted_has_no_precision():
    ash = evaluate([0, 0, 1], [1, 1, 1]).per_class[0]
    assert ash.precision is None
    assert (ash.recall.value, ash.f1) == (0.0, 0.0)


def test_recall_has_an_interval_only_with_enough_groups_of_the_class():
    truth = np.repeat([0, 1], [60, 60])
    groups = np.concatenate([np.arange(60), 100 + np.arange(60) // 6])
    predicted = np.where(np.arange(120) % 5 == 0, 1 - truth, truth)
    result = evaluate_predictions(truth, certain(predicted), labels=LABELS, groups=groups)
    many, few, _ = result.per_class
    assert many.recall.low < many.recall.value < many.recall.high
    assert few.recall.note == TOO_FEW
    assert few.groups == 10


def test_copies_count_once():
    once = evaluate(TRUTH, PREDICTED)
    copied = evaluate(
        [*TRUTH, 0], [*PREDICTED, 0], weights=np.array([0.5, *[1.0] * 7, 0.5]), groups=np.array([*range(8), 0])
    )
    assert copied.accuracy.value == pytest.approx(once.accuracy.value)
    assert copied.log_loss.value == pytest.approx(once.log_loss.value)
    assert copied.per_class[0].support == once.per_class[0].support
    assert copied.groups == once.groups


def test_pictures_with_weight_0_are_ignored():
    result = evaluate([*TRUTH, 2], [*PREDICTED, 0], weights=np.array([1.0] * 8 + [0.0]))
    assert result.pictures == 8
    assert result.per_class[2].recall.value == 1.0


def test_the_json_has_plain_values_and_no_nan():
    plain = json.loads(json.dumps(evaluate([0, 0, 1], [1, 1, 1]).to_json(), allow_nan=False))
    assert plain["accuracy"] == {"value": pytest.approx(1 / 3), "low": None, "high": None, "note": TOO_FEW}
    assert plain["labels"] == list(LABELS)
    assert plain["confusion"] == [[0, 2, 0], [0, 1, 0], [0, 0, 0]]
    assert set(plain["ece"]) == {"value", "low", "high", "note", "null95", "chance"}
    assert plain["per_class"][0]["precision"] is None
    assert plain["confused"] == [{"truth": "ash", "predicted": "birch", "count": 2, "share": 1.0}]
    assert plain["reliability"]


def test_the_same_seed_gives_the_same_metrics():
    random = np.random.default_rng(0)
    truth, predicted = random.integers(0, 3, 100), random.integers(0, 3, 100)
    first, again = (evaluate(truth, predicted, seed=4).to_json() for _ in range(2))
    assert first == again


def test_half_and_single_precision_are_accepted():
    for kind in (np.float16, np.float32):
        result = evaluate_predictions(
            np.array(TRUTH), certain(PREDICTED).astype(kind), labels=LABELS, groups=np.arange(8)
        )
        assert result.brier.value == pytest.approx(evaluate(TRUTH, PREDICTED).brier.value, abs=2e-3)


def test_ten_thousand_pictures_of_fifty_classes():
    random = np.random.default_rng(0)
    truth = random.integers(0, 50, 10_000)
    logits = random.normal(size=(10_000, 50)).astype(np.float32)
    logits[np.arange(10_000), truth] += 3
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    result = evaluate_predictions(
        truth, probabilities, labels=[str(each) for each in range(50)], groups=np.arange(10_000) // 2
    )
    assert result.accuracy.high - result.accuracy.low < 0.03
    assert all(each.recall.low is not None for each in result.per_class)


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
def test_invalid_arguments_are_refused(truth, probabilities):
    with pytest.raises(UsageError):
        evaluate_predictions(truth, probabilities, labels=LABELS, groups=np.arange(len(truth)))


def test_uncalibrated_probabilities_are_validated():
    with pytest.raises(UsageError, match="Row 0"):
        evaluate([0, 1], [0, 1], uncalibrated=np.ones((2, 3)))


def test_groups_and_weights_must_fit_the_pictures():
    with pytest.raises(UsageError):
        evaluate([0, 1], [0, 1], groups=np.arange(3))
    with pytest.raises(UsageError, match="nothing to evaluate"):
        evaluate([0, 1], [0, 1], weights=np.zeros(2))


def test_losses_have_positive_intervals_even_where_most_pictures_have_none():
    truth = np.zeros(40, int)
    probabilities = np.tile([0.999, 0.0005, 0.0005], (40, 1))
    probabilities[0] = [0.001, 0.998, 0.001]
    result = evaluate_predictions(truth, probabilities, labels=LABELS, groups=np.arange(40))
    for loss in (result.log_loss, result.brier):
        assert 0 < loss.low < loss.value < loss.high
    assert result.brier.high <= 2.0


def test_the_interval_of_a_loss_contains_the_truth_where_no_group_happens_to_be_wrong():
    group = np.repeat(np.arange(20), 5)
    result = evaluate_predictions(
        np.zeros(100, int), np.tile([0.95, 0.04, 0.01], (100, 1)), labels=LABELS, groups=group
    )
    assert result.log_loss.high > 0.95 * -np.log(0.95) + 0.05 * -np.log(0.04)
