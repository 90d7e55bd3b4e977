"""Notes say what a comparison rests on, and how often its pictures were used."""

from pathlib import Path

import numpy as np
import pytest

from discern.evaluating import AccuracyMetrics, Evidence, LeakFreeAccuracy, Metrics, ModelChoice
from discern.flow.compare.common_pictures import CommonPictures
from discern.flow.compare.comparison_notes import describe_basis
from discern.flow.compare.comparison_record import Uses
from discern.flow.compare.judged_run import JudgedRun
from discern.flow.run import Run
from tests.unit.flow.compare.test_recommendation import model_of

ONCE = Uses(comparisons=1, models=2)
CHOICE = ModelChoice(chosen=0, simplest=0, best=0, evidence=Evidence.BEST)


def judged(*methods: str, tuned: int | None = None) -> list[JudgedRun]:
    return [
        JudgedRun(
            run=Run(Path(f"run-{place}"), {"chosen_by": {"trial": 3}} if place == tuned else {}),
            metrics=Metrics(accuracy=AccuracyMetrics(leak_free=LeakFreeAccuracy(method=method))),
            labels=("a", "b"),
        )
        for place, method in enumerate(methods)
    ]


def pictures_of(size: int, *, held_out: tuple[int, ...] = (), relabelled: int = 0) -> CommonPictures:
    truth = np.arange(size) % 2
    return CommonPictures(
        labels=("a", "b"),
        truth=truth,
        answers=[truth, truth],
        groups=np.arange(size),
        weights=np.ones(size),
        held_out=held_out or (size, size),
        relabelled=relabelled,
    )


def notes(
    *methods: str,
    validation: CommonPictures | None = None,
    choice: ModelChoice = CHOICE,
    uses: Uses = ONCE,
    pictures: CommonPictures | None = None,
    tuned: int | None = None,
) -> list[str]:
    models = [model_of(f"m{place}") for place in range(len(methods))]
    runs, shown = judged(*methods, tuned=tuned), pictures or pictures_of(40)
    return list(describe_basis(models, runs, shown, validation, choice=choice, uses=uses))


def test_the_basis_of_the_choice_is_said() -> None:
    assert (
        "best model was found on 30 validation pictures"
        in notes("test-part", "test-part", validation=pictures_of(30))[0]
    )
    assert "too few common validation pictures" in notes("test-part", "test-part")[0]
    assert notes("grouped-cv", "grouped-cv")[0].startswith("Without a test part, the same held-out pictures choose")


def test_options_that_were_chosen_on_the_validation_pictures_are_said() -> None:
    both = ("test-part", "test-part")
    assert len(notes(*both, validation=pictures_of(30))) == 1
    found = notes(*both, validation=pictures_of(30), tuned=1)
    assert found[1].startswith("The options of m1 were chosen on pictures of the training part")
    assert len(notes(*both, tuned=1)) == 1  # the test part finds the best one there


def test_a_choice_that_the_test_part_refutes_is_said() -> None:
    choice = ModelChoice(chosen=1, simplest=0, best=1, evidence=Evidence.BEST, refuted=0)
    found = notes("test-part", "test-part", validation=pictures_of(30), choice=choice)
    assert found[1].startswith("m0 was the most accurate on the validation pictures, but")


@pytest.mark.parametrize(
    ("method", "said"),
    [("test-part", "This test part has been used in 4 comparisons of 7 models."), ("grouped-cv", "These held-out")],
)
def test_earlier_uses_are_said(method: str, said: str) -> None:
    assert len(notes(method, method)) == 1
    assert notes(method, method, uses=Uses(comparisons=4, models=7))[1].startswith(said)


def test_a_use_that_is_not_recorded_is_said() -> None:
    found = notes("test-part", "test-part", uses=Uses(comparisons=1, models=2, recorded=False))
    assert found[-1].startswith("This comparison is not counted, as comparisons.jsonl")


def test_other_pictures_and_other_ways_are_said() -> None:
    found = notes("test-part", "grouped-cv", pictures=pictures_of(40, held_out=(45, 80), relabelled=5))
    assert found[0].startswith("The runs were judged on different pictures (m0 45, m1 80).")
    assert found[1].startswith("5 of the common pictures are left out")
    assert found[2].startswith("Some runs were judged on a test part")
