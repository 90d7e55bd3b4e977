"""Compared runs as rows of tables: signs, marks and reasons."""

import numpy as np

from discern.evaluating import (
    AnswerCost,
    ComparedModel,
    ComparedPair,
    Metrics,
    TrainTime,
    compare_classes,
    compare_pairs,
    evaluate_predictions,
)
from discern.reporting.sections.compared_runs import class_rows_of_runs, confusions, pair_rows, run_rows

MINUS = "\N{MINUS SIGN}"
TRUTH = np.arange(400) % 2


def model(name: str, wrong: int) -> ComparedModel:
    """A model that gets the first pictures of the first class wrong."""
    answers = TRUTH.copy()
    answers[: 2 * wrong : 2] = 1
    certain = np.eye(2, dtype=np.float32)[answers]
    return ComparedModel(
        run=f"/runs/{name}",
        name=name,
        method="probe",
        backbone="lite0",
        metrics=evaluate_predictions(TRUTH, certain, labels=("oak", "pine"), groups=np.arange(400)),
        stated=Metrics(),
        mae=None,
        parameters=3_900_000,
        multiply_adds=564_000_000,
        megabytes=15.05,
        ms_per_picture=19.34,
        training=TrainTime(seconds=16.1, measured=16.1, cached=0, cached_seconds=0.0),
        cost=AnswerCost(target="lambda-x86", per_day=1000, per_month=0.094, prices_as_of="2026-09-27"),
    )


def pair_of(a: ComparedModel, b: ComparedModel, *, wrong: tuple[int, int], few: bool = False) -> ComparedPair:
    correct = [np.ones(400, bool) for _ in range(2)]
    for each, count in zip(correct, wrong, strict=True):
        each[: 2 * count : 2] = False
    groups = np.arange(400) // (50 if few else 1)
    per_class = compare_classes(correct[0], correct[1], TRUTH, groups=groups)
    named = {("oak", "pine")[place]: each for place, each in per_class.items()}
    return ComparedPair(a=a, b=b, pair=compare_pairs(correct, groups=groups)[0, 1], per_class=named)


def test_the_run_to_ship_is_marked() -> None:
    first, second = model("first", 0), model("second", 60)
    rows = run_rows((first, second), second)
    assert [(row.name, row.recommended) for row in rows] == [("first", False), ("second", True)]
    assert (rows[1].method, rows[1].size, rows[1].milliseconds) == (
        "probe, lite0",
        ("3.9 million", "15.1", "564 million"),
        "19.3",
    )
    assert (rows[1].gate, rows[1].error, rows[1].accuracy[0]) == ((), "", "85.0\N{NO-BREAK SPACE}%")


def test_a_clear_difference_is_marked_with_the_better_run_in_its_class() -> None:
    first, second = model("first", 60), model("second", 0)
    pair = pair_of(first, second, wrong=(60, 0))
    (row,), reach = pair_rows((pair,))
    assert (row.difference[0], row.p, row.clear, row.wrong) == (f"{MINUS}15.0", "< 0.001", True, ("60", "0"))
    assert reach >= 0.15
    oak, pine = class_rows_of_runs((first, second), (pair,))
    assert (oak.pictures, oak.recalls[1], oak.better) == (
        "200",
        "100\N{NO-BREAK SPACE}%",
        ("second over first, by +30.0",),
    )
    assert pine.better == ()


def test_too_few_groups_have_a_reason_and_no_mark() -> None:
    first, second = model("first", 60), model("second", 0)
    (row,), _ = pair_rows((pair_of(first, second, wrong=(60, 0), few=True),))
    assert (row.difference[1], row.clear) == ("too few groups for an interval", False)


def test_each_run_has_its_confusion_matrix() -> None:
    shown = dict(confusions((model("first", 0), model("second", 60))))
    assert shown["second"] is not None
    assert [[number for number, _ in row] for row in shown["second"].table] == [["140", "60"], ["0", "200"]]
