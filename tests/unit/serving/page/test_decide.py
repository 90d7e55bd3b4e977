"""The page decides and says what Python decides and says, whatever the figures are."""

import math
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from discern.bundle import DisplayName, LabelNames, Thresholds
from discern.bundle.prediction import predict_one
from discern.bundle.prediction_sets import order_scale
from tests.unit.serving.page.node import run

DECIDE = """
import { decide } from "./api/decide.js";
made = given
  .map(({ probabilities, score, model }) => decide(Float32Array.from(probabilities), Number(score), model))
  .map((each) => JSON.parse(JSON.stringify(each)));
"""
MODEL = {"name": "m", "version": "1", "fingerprint": "f"}
WORDS = {
    "a": {"name": "an A", "spoken": "the letter A", "route": "bay 2"},
    "b": {"name": "a B"},
    "10": {"route": "bay 10"},
}


def ask(probabilities: np.ndarray, score: float, labels: list[str], thresholds: Thresholds, **more: Any) -> Any:
    """The same question for the page and for Python: what is given, and Python's answer."""
    names, ordered = more.get("names", {}), more.get("ordered", False)
    unjudged, policy = more.get("unjudged", []), more.get("policy")
    language = LabelNames(
        display_names={label: DisplayName(**each) for label, each in names.items()},
        scale=order_scale(labels) if ordered else None,
    )
    row = dict(zip(labels, probabilities.tolist(), strict=True))
    rules = {"thresholds": thresholds, "label_names": language, "unjudged": unjudged, "policy": policy}
    wanted = predict_one(row, score, model=MODEL, **rules).to_json()
    told = {"unknown": thresholds.unknown, "accept": thresholds.accept, "set": thresholds.label_set}
    model = {"labels": labels, "thresholds": told, "names": names, "scale": language.scale, "model": MODEL}
    model |= {"metrics": {"split": {"unjudged": unjudged}}, "policy": policy}
    return {"probabilities": probabilities.tolist(), "score": score, "model": model}, wanted


def written(value: Any) -> Any:
    """Write numbers that are not finite as strings, as JSON has none, for JavaScript's `Number` to read."""
    if isinstance(value, dict):
        return {name: written(each) for name, each in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
    return [written(each) for each in value] if isinstance(value, list) else value


def compare(folder: Path, asked: list[Any]) -> None:
    for (question, wanted), made in zip(asked, run(folder, DECIDE, [written(each) for each, _ in asked]), strict=True):
        assert len(made.pop("id")) == len(wanted.pop("id")) == 32
        assert made == wanted, question


def draw(random: np.random.Generator, count: int) -> np.ndarray:
    """Probabilities, now and then with ties and whole percents."""
    raw = random.dirichlet(np.full(count, random.choice([0.1, 1, 10])))
    return np.float32(np.round(raw, random.choice([1, 2, 8], p=[0.2, 0.2, 0.6])))


def test_two_thousand_answers_are_the_same(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    asked = []
    for number in range(2000):
        labels = [["a"], ["a", "b"], ["green", "a", "10", "2"], ["3", "1", "2.5"]][number % 4]
        thresholds = Thresholds(
            unknown=random.choice([None, 0.5]),
            accept=random.choice([None, 0.5, 0.9]),
            label_set=random.choice([None, 0.1]),
        )
        names = WORDS if random.random() < 0.5 else {}
        row = draw(random, len(labels))
        rules = {
            "unjudged": [label for label in labels if random.random() < 0.2],
            "policy": random.choice([None, {"needed": None}, {"needed": 12}, {"needed": 12_345}]),
        }
        ordered = random.random() < 0.5
        asked.append(ask(row, float(random.random()), labels, thresholds, names=names, ordered=ordered, **rules))
    compare(tmp_path, asked)


@pytest.mark.parametrize("confidence", [0.5, 0.625, 0.875, 0.995, 0.125, 1.0])
def test_halves_of_a_percent_are_said_alike(confidence: float, tmp_path: Path) -> None:
    row = np.float32([confidence, 1 - confidence])
    compare(tmp_path, [ask(row, 0.0, ["a", "b"], Thresholds(accept=accept), names=WORDS) for accept in (None, 0.1)])


@pytest.mark.parametrize("metrics", [None, {}, {"split": None}, {"split": {}}])
def test_a_bundle_without_a_list_of_unmeasured_labels_is_decided_as_before(metrics: Any, tmp_path: Path) -> None:
    question, wanted = ask(np.float32([0.9, 0.1]), 0.0, ["a", "b"], Thresholds(accept=0.5))
    question["model"]["metrics"] = metrics
    compare(tmp_path, [(question, wanted)])
    assert wanted["decision"] == "accept"


def test_lines_belong_to_the_side_that_python_says(tmp_path: Path) -> None:
    line = float(np.float32(0.7))
    thresholds = Thresholds(unknown=0.25, accept=line, label_set=line)
    rows = [np.float32([0.7, 0.3]), np.nextafter(np.float32([0.7, 0.3]), np.float32(0))]
    compare(
        tmp_path, [ask(row, score, ["a", "b"], thresholds) for row in rows for score in (0.25, np.nextafter(0.25, 1))]
    )


def test_what_is_no_number_is_unknown_to_both(tmp_path: Path) -> None:
    numbers = (math.nan, math.inf, -math.inf, 0.7, 0.1)
    thresholds = [Thresholds(unknown=unknown, accept=0.0, label_set=0.1) for unknown in (None, 0.5)]
    asked = [
        ask(np.float32(row), score, ["a", "b", "c"], each, names=WORDS, ordered=True)
        for *row, score in product(numbers, repeat=4)
        for each in thresholds
    ]
    compare(tmp_path, asked)
    decided = {wanted["decision"] for question, wanted in asked if not finite(question)}
    assert decided == {"unknown"}


def test_what_is_no_distribution_is_unknown_to_both(tmp_path: Path) -> None:
    rows = [*product((0.0, 0.3, 0.7, 1.0, 1.5, -0.5, 5.0), repeat=2), (0.3005, 0.7), (0.302, 0.7), (-0.0005, 1.0005)]
    asked = [ask(np.float32(row), 0.0, ["a", "b"], Thresholds(accept=0.0), names=WORDS) for row in rows]
    compare(tmp_path, asked)
    decided = {tuple(row): wanted["decision"] for row, (_, wanted) in zip(rows, asked, strict=True)}
    accepted = {row for row, decision in decided.items() if decision == "accept"}
    assert accepted == {
        *((0.0, 1.0), (1.0, 0.0), (0.3, 0.7), (0.7, 0.3), (0.3005, 0.7), (-0.0005, 1.0005)),
    }
    assert set(decided.values()) == {"accept", "unknown"}


def finite(question: Any) -> bool:
    return all(map(math.isfinite, (*question["probabilities"], question["score"])))


def test_labels_that_languages_keep_for_themselves_stay_labels(tmp_path: Path) -> None:
    labels = ["__proto__", "constructor", "toString"]
    rows = [np.float32(np.roll([0.8, 0.1, 0.1], turn)) for turn in range(3)]
    asked = [
        ask(row, 0.0, labels, Thresholds(), names=names) for row in rows for names in ({}, {"toString": {"name": "t"}})
    ]
    compare(tmp_path, asked)
