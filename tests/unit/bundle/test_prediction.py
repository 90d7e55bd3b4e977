"""How an answer is decided, above all where the graph gave no number: that is never accepted."""

import json
from itertools import product

import numpy as np
import pytest

from discern.bundle import LabelNames, Thresholds, decide_all, load
from discern.bundle.prediction import predict_one
from discern.bundle.prediction_sets import label_sets
from tests.unit.bundle.factories import write_small

NONE = (float("nan"), float("inf"), float("-inf"))
EASY = Thresholds(unknown=0.5, accept=0.0, label_set=0.1)
MODEL = {"name": "m", "version": "1", "fingerprint": "f"}


@pytest.mark.parametrize("thresholds", [EASY, Thresholds(accept=0.0)])
@pytest.mark.parametrize("number", NONE)
def test_what_is_no_number_is_unknown(number: float, thresholds: Thresholds) -> None:
    assert thresholds.decide(0.9, 0.1) == "accept"
    assert thresholds.decide(0.9, number) == thresholds.decide(number, 0.1) == "unknown"


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("number", NONE)
def test_one_probability_that_is_no_number_is_enough(number: float, place: int) -> None:
    row = [0.2, 0.7, 0.1]
    row[place] = number
    words = LabelNames(scale=(0.0, 1.0, 2.0))
    said = predict_one(dict(zip("abc", row, strict=True)), 0.1, thresholds=EASY, model=MODEL, language=words)
    assert (said.decision, said.route, said.looks_like) == ("unknown", None, said.label)
    assert said.set is not None
    assert said.label in said.set


def test_the_label_is_the_largest_number_wherever_there_is_none() -> None:
    nan = float("nan")
    for row, label in (([nan, 0.3, 0.6], "c"), ([0.3, nan, 0.2], "a"), ([0.1, 0.5, nan], "b"), ([nan] * 3, "a")):
        said = predict_one(dict(zip("abc", row, strict=True)), 0.1, thresholds=EASY, model=MODEL)
        assert said.label == label
        assert label_sets(np.array([row]), 2.0)[0].tolist() == [name == label for name in "abc"]


def test_a_model_accepts_no_figures_that_are_no_numbers(tmp_path) -> None:
    model = load(write_small(tmp_path / "model.discern"))
    probabilities = np.float32([[0.01, 0.99]] * 2 + [[0.99, np.nan]])
    said = model.decide(probabilities, np.float32([0.1, np.nan, 0.1]))
    assert [each.decision for each in said] == ["accept", "unknown", "unknown"]


def test_many_are_decided_as_one_is() -> None:
    values = (*NONE, 0.0, 0.4, 0.5, 0.6, 1.0)
    asked = np.array(list(product(values, values, (0.4, 0.5))))
    sure, score, line = asked.T
    rows = np.stack([sure, np.zeros(len(sure))], axis=1)
    for accept in (None, 0.0, 0.5):
        many = decide_all(rows, score, unknown=line, accept=accept)
        for row, one, most, said in zip(rows, score, line, many, strict=True):
            thresholds = Thresholds(unknown=most, accept=accept)
            wanted = predict_one(dict(zip("ab", row, strict=True)), one, thresholds=thresholds, model=MODEL).decision
            assert said == wanted, (row, one, most)


@pytest.mark.parametrize("number", NONE)
def test_numbers_that_are_not_finite_are_null_in_json(number: float) -> None:
    words = LabelNames(scale=(number, number))
    said = predict_one({"a": number, "b": 0.5}, number, thresholds=EASY, model=MODEL, language=words)
    plain = json.loads(json.dumps(said.to_json(), allow_nan=False))
    assert plain["probabilities"] == {"a": None, "b": 0.5}
    assert plain["unknown_score"] is plain["order_value"] is None
    assert plain["decision"] == "unknown"
