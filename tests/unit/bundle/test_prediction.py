"""Thresholds decide on predictions, and a number that is not finite is never accepted."""

import json
from itertools import product

import numpy as np
import pytest

from discern.bundle import DisplayName, LabelNames, Thresholds, decide_all, load
from discern.bundle.prediction import predict_one
from discern.bundle.prediction_sets import are_distributions, label_sets
from tests.unit.bundle.factories import write_small

NOT_FINITE = (float("nan"), float("inf"), float("-inf"))
EASY = Thresholds(unknown=0.5, accept=0.0, label_set=0.1)
MODEL = {"name": "m", "version": "1", "fingerprint": "f"}


@pytest.mark.parametrize("thresholds", [EASY, Thresholds(accept=0.0)])
@pytest.mark.parametrize("number", NOT_FINITE)
def test_a_number_that_is_not_finite_is_unknown(number: float, thresholds: Thresholds) -> None:
    assert thresholds.decide(0.9, 0.1) == "accept"
    assert thresholds.decide(0.9, number) == thresholds.decide(number, 0.1) == "unknown"


@pytest.mark.parametrize("confidence", [1.5, 5.0, -0.5])
def test_a_confidence_that_is_no_probability_is_unknown(confidence: float) -> None:
    assert Thresholds(accept=0.0).decide(confidence, 0.1) == Thresholds().decide(confidence, 0.1) == "unknown"


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("number", NOT_FINITE)
def test_one_probability_that_is_not_finite_suffices(number: float, place: int) -> None:
    row = [0.2, 0.7, 0.1]
    row[place] = number
    names = LabelNames(scale=(0.0, 1.0, 2.0))
    prediction = predict_one(dict(zip("abc", row, strict=True)), 0.1, thresholds=EASY, model=MODEL, label_names=names)
    assert (prediction.decision, prediction.route, prediction.looks_like) == ("unknown", None, prediction.label)
    assert prediction.set is not None
    assert prediction.label in prediction.set


def test_the_label_is_the_largest_probability_that_is_a_number() -> None:
    nan = float("nan")
    for row, label in (([nan, 0.3, 0.6], "c"), ([0.3, nan, 0.2], "a"), ([0.1, 0.5, nan], "b"), ([nan] * 3, "a")):
        prediction = predict_one(dict(zip("abc", row, strict=True)), 0.1, thresholds=EASY, model=MODEL)
        assert prediction.label == label
        assert label_sets(np.array([row]), 2.0)[0].tolist() == [name == label for name in "abc"]


def test_a_model_accepts_no_prediction_with_nan(tmp_path) -> None:
    model = load(write_small(tmp_path / "model.discern"))
    probabilities = np.float32([[0.01, 0.99]] * 2 + [[0.99, np.nan]])
    predictions = model.decide(probabilities, np.float32([0.1, np.nan, 0.1]))
    assert [each.decision for each in predictions] == ["accept", "unknown", "unknown"]


def test_many_predictions_are_decided_as_one_is() -> None:
    values = (*NOT_FINITE, 0.0, 0.4, 0.5, 0.6, 1.0, 1.5, -0.5)
    cases = np.array(list(product(values, values, (0.4, 0.5))))
    confidence, score, threshold = cases.T
    found = set()
    for others in (1 - confidence, np.zeros(len(confidence))):
        rows = np.stack([confidence, others], axis=1)
        for accept in (None, 0.0, 0.5):
            many = decide_all(rows, score, unknown=threshold, accept=accept)
            for row, one, most, decision in zip(rows, score, threshold, many, strict=True):
                thresholds = Thresholds(unknown=most, accept=accept)
                expected = predict_one(dict(zip("ab", row, strict=True)), one, thresholds=thresholds, model=MODEL)
                assert decision == expected.decision, (row, one, most)
                found.add((decision, bool(are_distributions(row[None])[0])))
    assert found == {("accept", True), ("review", True), ("unknown", True), ("unknown", False)}


def test_a_label_that_could_not_be_measured_is_never_accepted() -> None:
    rows, score = np.array([[0.9, 0.1], [0.1, 0.9], [0.5, 0.5], [np.nan, 1.0]]), np.array([0.1, 0.1, 0.1, 0.1])
    many = decide_all(rows, score, unknown=np.full(4, 0.5), accept=0.0, unjudged=np.array([True, False]))
    assert many.tolist() == ["review", "accept", "review", "unknown"]
    for row, decision in zip(rows, many, strict=True):
        one = predict_one(dict(zip("ab", row, strict=True)), 0.1, thresholds=EASY, model=MODEL, unjudged={"a"})
        assert one.decision == decision
    strange = predict_one({"a": 0.9, "b": 0.1}, 0.9, thresholds=EASY, model=MODEL, unjudged={"a"})
    assert strange.decision == "unknown"
    names = LabelNames(display_names={"a": DisplayName(name="an A", route="bay 2")})
    held = predict_one(
        {"a": 0.9, "b": 0.1}, 0.1, thresholds=EASY, model=MODEL, unjudged={"a"}, label_names=names
    ).to_json()
    assert (held["route"], held["message"]) == (None, "This looks like an A (90 %), but please have a look.")


@pytest.mark.parametrize(
    ("policy", "caveat"),
    [
        ({"needed": 12}, "Too few pictures for a promise: about 12 more."),
        ({"needed": 1200}, "Too few pictures for a promise: about 1,200 more."),
        ({"sentence": "Nothing is accepted."}, "It comes without a promise, so please have a look."),
        (None, "It comes without a promise, so please have a look."),
    ],
)
def test_without_a_policy_the_answer_leads_and_the_caveat_follows(policy: dict | None, caveat: str) -> None:
    names = LabelNames(display_names={"a": DisplayName(name="Rose", spoken="a rose")})
    prediction = predict_one(
        {"a": 0.99, "b": 0.01}, 0.1, thresholds=Thresholds(unknown=0.5), model=MODEL, label_names=names, policy=policy
    )
    assert (prediction.decision, prediction.message) == ("review", f"Rose (99 %). {caveat}")
    assert prediction.spoken == "a rose, 99 percent; please check"
    assert "not one of the things" in predict_one(
        {"a": 0.99, "b": 0.01}, 0.9, thresholds=Thresholds(unknown=0.5), model=MODEL, policy=policy
    ).message  # fmt: skip


def test_many_predictions_are_compared_in_double_precision() -> None:
    limit = float(np.nextafter(0.7, 1))
    rows = np.float32([[limit, 1 - limit]])
    one = predict_one(
        dict(zip("ab", rows[0].tolist(), strict=True)), 0.0, thresholds=Thresholds(accept=0.7), model=MODEL
    )
    assert decide_all(rows, np.zeros(1), unknown=np.ones(1), accept=0.7)[0] == one.decision == "review"


@pytest.mark.parametrize(
    ("row", "valid"),
    [
        ([0.2, 0.8], True),
        ([0.0, 1.0], True),
        ([0.2005, 0.8], True),
        ([0.202, 0.8], False),
        ([0.2, 0.7], False),
        ([1.5, -0.5], False),
        ([-0.01, 1.01], False),
        ([1.0, 1.0], False),
        ([0.0, 0.0], False),
        ([5.0, 0.0], False),
        ([float("nan"), 1.0], False),
        ([float("inf"), float("-inf")], False),
        ([1e308, 1e308], False),
    ],
)
def test_only_a_distribution_is_accepted(row: list[float], valid: bool) -> None:
    assert are_distributions(np.array([row])).tolist() == [valid]
    prediction = predict_one(dict(zip("ab", row, strict=True)), 0.1, thresholds=EASY, model=MODEL)
    assert (prediction.decision == "accept") is valid
    assert (prediction.decision == "unknown") is not valid


def test_rounding_in_single_precision_is_within_the_tolerance() -> None:
    random = np.random.default_rng(0)
    for classes in (2, 1000, 30_000):
        logits = random.normal(0, 10, (20, classes)).astype(np.float32)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        for precision in (np.float32, np.float16):
            assert are_distributions((powers / powers.sum(axis=1, keepdims=True)).astype(precision)).all()


@pytest.mark.parametrize("number", NOT_FINITE)
def test_numbers_that_are_not_finite_are_null_in_json(number: float) -> None:
    names = LabelNames(scale=(number, number))
    prediction = predict_one({"a": number, "b": 0.5}, number, thresholds=EASY, model=MODEL, label_names=names)
    plain = json.loads(json.dumps(prediction.to_json(), allow_nan=False))
    assert plain["probabilities"] == {"a": None, "b": 0.5}
    assert plain["unknown_score"] is plain["order_value"] is None
    assert plain["decision"] == "unknown"
