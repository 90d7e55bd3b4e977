"""Metrics keep their JSON form, and files of other versions stay readable."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from discern.errors import DataError
from discern.evaluating import Metrics, evaluate_predictions
from discern.evaluating.json_fields import decode

STORED = Path("tests/compatibility/format_1/finished/metrics.json")


def stored() -> dict:
    return json.loads(STORED.read_text())


def test_a_file_is_read_and_written_byte_for_byte() -> None:
    metrics = Metrics.from_json(stored())
    assert json.dumps(metrics.to_json(), indent=1) + "\n" == STORED.read_text()
    assert metrics.missing == frozenset()


def test_attributes_have_the_values_of_the_file() -> None:
    plain, metrics = stored(), Metrics.from_json(stored())
    assert metrics.accuracy.random_split.value == plain["accuracy"]["naive"]["value"]
    assert metrics.ece.null95 == plain["ece"]["null95"]
    assert metrics.ordered.quadratic_kappa.value == plain["ordered"]["kappa"]["value"]
    assert metrics.negatives.rejected.value == plain["gate"]["rejected"]["value"]
    assert metrics.classification.confusion.tolist() == plain["figures"]["confusion"]


def test_parts_that_an_older_version_did_not_write_are_missing_and_not_null() -> None:
    plain = stored()
    del plain["policy"], plain["learning_curve"]
    metrics = Metrics.from_json(plain)
    assert metrics.missing == {"policy", "learning_curve"}
    assert metrics.to_json() == plain
    assert Metrics.from_json(plain | {"policy": None}).missing == {"learning_curve"}


def test_keys_of_a_newer_version_are_ignored() -> None:
    plain = stored()
    plain["accuracy"]["leak_free"]["newer"] = plain["newer"] = {"value": 1}
    assert Metrics.from_json(plain).to_json() == stored()


def test_a_newer_format_is_refused() -> None:
    with pytest.raises(DataError, match=r"format 2, but only format 1 can be read\. Upgrade"):
        Metrics.from_json(stored() | {"format": 2})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"accuracy": {"naive": {"value": "0.9"}}}, "accuracy.naive.value must be a number, not '0.9'"),
        ({"split": {"leaks": True}}, "split.leaks must be a whole number"),
        ({"split": {"unjudged": "ash"}}, "split.unjudged must be a list"),
        ({"split": {"pictures": {"train": 1.5}}}, "split.pictures.train must be a whole number"),
        ({"names": []}, "names must be an object"),
        ({"policy": {"sentence": 1}}, "policy.sentence must be text"),
        ({"learning_curve": {"flat": 0}}, "learning_curve.flat must be true or false"),
        ({"learning_curve": {"points": [{"pictures": 1, "groups": 1}]}}, r"points\[0\].share must be a number"),
        ({"figures": {}}, "figures.pictures must be a whole number, not None"),
        ({"gate": 3}, "gate must be an object"),
    ],
)
def test_a_value_of_the_wrong_type_is_named(change: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Metrics.from_json(change)


def test_a_bundle_carries_no_confusions() -> None:
    carried = Metrics.from_json(stored()).for_bundle()
    assert "figures" not in carried
    assert set(carried["conformal"]) == {"asked", "threshold", "basis", "guaranteed", "coverage", "size"}
    metrics = Metrics.from_json(carried)
    assert metrics.accuracy == Metrics.from_json(stored()).accuracy
    assert {"figures", "policy"} <= metrics.missing


def test_the_policy_s_summary_has_no_evidence() -> None:
    policy = Metrics.from_json(stored()).policy
    assert policy is not None
    words = {"sentence", "basis", "share", "error", "needed", "risk", "asked", "floor", "offered"}
    assert set(policy.summary()) == words
    assert (policy.summary()["asked"], policy.summary()["offered"]) == (policy.max_error, None)
    found = replace(policy, auto=True, max_error=0.1, t_accept=0.9, floor=0.5).summary()
    assert (found["asked"], found["risk"], found["floor"]) == ("auto", 0.1, 0.5)
    assert replace(policy, t_accept=None).summary()["risk"] is None


def test_classification_metrics_survive_json() -> None:
    truth, probabilities = np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]])
    metrics = evaluate_predictions(truth, probabilities, labels=("a", "b"), groups=np.arange(3))
    plain = json.loads(json.dumps(metrics.to_json()))
    assert decode(type(metrics), plain).to_json() == plain
