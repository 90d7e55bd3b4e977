"""The sentence that says which model to ship fits the evidence."""

import numpy as np
import pytest

from discern.evaluating import (
    AnswerCost,
    ComparedModel,
    ComparedPair,
    Evidence,
    Metrics,
    ModelChoice,
    TrainTime,
    choose_model,
    compare_pairs,
    evaluate_predictions,
)
from discern.flow.compare.recommendation import explain_choice


def explain(wrong: tuple[int, ...], *, size: int = 400, per_group: int = 1) -> str:
    """The sentence on models, listed from the simplest on, that get the first pictures wrong."""
    truth, groups = np.arange(size) % 2, np.arange(size) // per_group
    correct = [np.arange(size) >= count for count in wrong]
    models = [_model(f"m{place}", truth, each, groups) for place, each in enumerate(correct)]
    tests = compare_pairs(correct, groups=groups)
    pairs = [ComparedPair(a=models[a], b=models[b], pair=pair) for (a, b), pair in tests.items()]
    choice = choose_model(range(len(models)), tests, judged=[float(each.mean()) for each in correct])
    return explain_choice(choice, models, pairs, pictures=size, validated=False)


def _model(name: str, truth: np.ndarray, correct: np.ndarray, groups: np.ndarray) -> ComparedModel:
    certain = np.eye(2, dtype=np.float32)[np.where(correct, truth, 1 - truth)]
    return ComparedModel(
        run=name,
        name=name,
        method="probe",
        backbone="lite0",
        metrics=evaluate_predictions(truth, certain, labels=("a", "b"), groups=groups),
        stated=Metrics(),
        mae=None,
        parameters=4_000_000,
        multiply_adds=564_000_000,
        megabytes=15.0,
        ms_per_picture=20.0,
        training=TrainTime(seconds=10.0, measured=10.0, cached=0, cached_seconds=0.0),
        cost=AnswerCost(target="lambda-x86", per_day=1000, per_month=0.094, prices_as_of="2026-09-27"),
    )


def model_of(name: str) -> ComparedModel:
    """A model that is always right."""
    truth = np.arange(40) % 2
    return _model(name, truth, np.ones(40, bool), np.arange(40))


@pytest.mark.parametrize(
    ("wrong", "of_all", "said"),
    [
        (
            (3, 3),
            (400, 1),
            "m0, the simplest (4.0 million weights, 20 ms a picture): no other one is more accurate.",
        ),
        ((80, 20), (400, 1), "it is more accurate than m0 by more than chance explains, +15.0 points [+11"),
        ((8, 4), (400, 1), "chance alone explains the difference to m1 (-1.0 points [-2"),
        ((60, 0), (20_000, 1), "with 95 % confidence it is at most 1 point below m1 (-0.3 points [-0.4, -0.2])"),
        (
            (80, 20),
            (400, 40),
            "no simpler one is estimated within 1 point of it; more pictures are needed to be sure of the difference "
            "to m0 (+15.0 points, too few groups for an interval)",
        ),
        ((4, 2), (400, 1), "within the 1 point that a larger model has to gain; about 1,"),
        ((6, 3), (200, 1), "no simpler one is estimated within 1 point of it; more pictures are needed to be sure"),
        ((4, 2), (400, 40), "but there are too few independent pictures to show it"),
        ((20, 80), (400, 40), "no other one is more accurate, though there are too few independent pictures"),
    ],
)
def test_the_sentence_fits_the_evidence(wrong: tuple[int, ...], of_all: tuple[int, int], said: str) -> None:
    found = explain(wrong, size=of_all[0], per_group=of_all[1])
    assert said in found
    assert found.startswith("Ship m")
    assert found.endswith(".")


def test_a_model_that_the_test_part_refutes_is_named() -> None:
    truth, groups = np.arange(400) % 2, np.arange(400)
    correct = [np.arange(400) >= count for count in (5, 6)]
    models = [_model(f"m{place}", truth, each, groups) for place, each in enumerate(correct)]
    pairs = [ComparedPair(a=models[0], b=models[1], pair=compare_pairs(correct, groups=groups)[0, 1])]
    choice = ModelChoice(chosen=0, simplest=0, best=0, evidence=Evidence.BEST, refuted=1)
    found = explain_choice(choice, models, pairs, pictures=400, validated=True)
    assert "no other one than m1, which the test part refutes, is more accurate on the validation pictures" in found
