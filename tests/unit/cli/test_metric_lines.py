"""Tables of metrics on the terminal."""

from typing import Any

from discern.cli.metric_lines import MOST_CLASSES, class_table, clear_classes, describe_difference, describe_numbers


def measured(label: str, f1: float | None, **more: Any) -> dict[str, Any]:
    metric = {"value": f1, "low": None if f1 is None else f1 - 0.1, "high": None if f1 is None else f1 + 0.1}
    return {
        "label": label,
        "support": 7.5,
        "precision": f1,
        "recall": metric,
        "f1": f1,
        "precision_interval": metric,
        "f1_interval": metric,
    } | more


def test_classes_are_a_table_with_the_weakest_first() -> None:
    lines = list(class_table([measured("ash", 0.75), measured("birch", 0.5), measured("cedar", None)], page=None))
    assert lines == [
        "  class  pictures  precision             recall                F1",
        "  birch       7.5  0.500 (0.40 to 0.60)  0.500 (0.40 to 0.60)  0.500 (0.40 to 0.60)",
        "  ash         7.5  0.750 (0.65 to 0.85)  0.750 (0.65 to 0.85)  0.750 (0.65 to 0.85)",
    ]


def test_many_classes_are_on_the_page() -> None:
    lines = list(class_table([measured(str(number), 0.5) for number in range(30)], page="/runs/a/evaluation.html"))
    assert len(lines) == MOST_CLASSES + 2
    assert lines[-1] == "  and 10 more classes, all in /runs/a/evaluation.html"


def test_a_metric_that_is_not_defined_is_a_dash() -> None:
    undefined = {"value": None, "low": None, "high": None}
    (_, line) = class_table([measured("ash", 0.5, precision=None, precision_interval=undefined)], page=None)
    assert line.split()[2] == "-"


def test_only_clear_differences_of_classes_are_named() -> None:
    differences = {
        "ash": {"value": 0.2, "low": 0.1, "high": 0.3},
        "birch": {"value": 0.2, "low": -0.1, "high": 0.5},
        "cedar": {"value": 1.0, "low": None, "high": None},
    }
    assert list(clear_classes({"per_class_difference": differences})) == ["  ash: +0.200 (+0.100 to +0.300)"]


def test_pictures_that_one_model_alone_gets_wrong_are_counted() -> None:
    difference = {"value": 0.2, "low": 0.1, "high": 0.3}
    assert describe_difference(difference) == "0.200 (0.100 to 0.300)"
    counted = difference | {"only_first_wrong": 3, "only_other_wrong": 8}
    assert describe_difference(counted).endswith("; only the first is wrong on 3, only this one on 8")


def test_numbers_that_are_no_better_than_a_constant_say_so() -> None:
    counts = {"mae": 0.5, "rmse": 0.8, "within_one": 0.9, "constant_mae": 1.2}
    assert describe_numbers(counts) == (
        "0.500 on average (one constant answer: 1.200), root mean square 0.800, at most 1 off: 90.0%"
    )
    assert describe_numbers(counts | {"mae": 1.3}).endswith("NO BETTER THAN A CONSTANT ANSWER")
    assert "PERHAPS NO BETTER" in describe_numbers(counts, {"value": 0.7, "low": -0.1, "high": 1.5})
