"""Answers become rows, charts and cards."""

import numpy as np
import pytest

from discern.errors import BundleDamaged
from discern.reporting import judged
from tests.unit.reporting.built import RUN, answers_for, metrics_for


@pytest.fixture
def answers(catalog):
    return answers_for(catalog)


@pytest.fixture
def metrics(catalog, answers):
    return metrics_for(catalog, answers)


@pytest.fixture
def picked(answers, gallery, catalog):
    return judged.Picked(answers, gallery, catalog.labels)


def test_ours_is_the_first_line_and_the_only_marked_one(metrics):
    comparison = judged.compare(metrics)
    assert [line.ours for line in comparison.lines] == [True, False, False]
    assert [line.name for line in comparison.lines][1:] == ["Naive random split", "Always the most frequent class"]
    assert comparison.start.startswith("10")


def test_nothing_to_compare_is_nothing():
    assert judged.compare({}) is None
    assert judged.compare({"accuracy": {"leak_free": {"value": None}}}) is None


def test_figures_before_temperature_are_told_with_those_after(metrics):
    rows = {row.name: row for row in judged.figure_rows(metrics)}
    assert set(rows) == {"Accuracy", "Balanced accuracy", "Macro-F1", "Log loss", "Brier score", "Calibration error"}
    assert "before its temperature was set" in rows["Log loss"].meaning
    assert "chance alone gives up to" in rows["Calibration error"].meaning


def test_undefined_figures_have_no_row():
    assert judged.figure_rows({}) == ()
    assert judged.figure_rows({"figures": {"accuracy": {"value": None}}, "ece": None}) == ()


def test_the_weakest_class_is_first_and_the_unjudged_last(metrics):
    classes = metrics["figures"]["per_class"]
    classes[0]["recall"] = {"value": None, "low": None, "high": None, "note": "no picture to judge it by"}
    classes[2]["recall"]["value"] = 0.01
    rows = judged.judged_classes(metrics)
    assert [row.label for row in rows] == ["cedar", "birch", "ash"]
    assert rows[-1].ends == "no picture to judge it by"


def test_few_classes_have_a_table_of_numbers(metrics, answers):
    confusion = judged.describe_confusion(metrics)
    assert confusion.chart is None
    called = answers.predicted[answers.truth == 0]
    assert [number for number, _ in confusion.table[0]] == [str(number) for number in np.bincount(called, minlength=3)]
    assert sum(share for _, share in confusion.table[0]) == pytest.approx(1)
    assert confusion.pairs[0]["count"] == str(max(each["count"] for each in metrics["figures"]["confused"]))


def test_many_classes_have_a_map_and_its_numbers():
    size = judged.NUMBERS_UP_TO + 1
    matrix = np.diag(np.full(size, 3.0))
    matrix[2, 5] = 1.5
    labels = [f"kind {number}" for number in range(size)]
    confusion = judged.describe_confusion({"figures": {"labels": labels, "confusion": matrix.tolist()}})
    assert confusion.table == ()
    assert confusion.cells["cells"]["2"] == {"2": 3.0, "5": 1.5}
    assert confusion.cells["labels"] == labels


def test_no_confusion_is_nothing():
    assert judged.describe_confusion({}) is None


def test_the_worst_mistakes_show_the_evidence_for_what_was_said(picked, answers):
    asked = []

    def evidence(rows):
        asked.extend(rows)
        return [np.ones((3, 3, 3)) for _ in rows]

    shown = picked.worst(evidence, RUN["recipe"])
    assert len(shown) == len(asked) == 12
    assert not any(each.right for each in shown)
    assert all((each.evidence.width, each.evidence.height) == (96, 96) for each in shown)
    confidences = [answers.confidence[position] for position in answers.worst(12)]
    assert confidences[0] == max(confidences)


def test_the_layer_of_the_label_given_is_shown(catalog, gallery, answers):
    called = answers.predicted[answers.worst(12)]

    def evidence(rows):
        maps = [np.zeros((2, 2, 3)) for _ in rows]
        for spoken, label in zip(maps, called, strict=True):
            spoken[..., label] = 1.0
        return maps

    flat = judged.Picked(answers, gallery, catalog.labels).worst(lambda rows: [np.ones((2, 2))] * len(rows), {})
    layered = judged.Picked(answers, gallery, catalog.labels).worst(evidence, {})
    assert [each.evidence.uri for each in layered] == [each.evidence.uri for each in flat]


def test_without_evidence_the_pictures_stand_alone(picked):
    assert all(each.evidence is None for each in picked.worst(None, {}))


def test_evidence_that_fails_is_left_out(picked):
    def evidence(rows):
        raise BundleDamaged("gone")

    assert all(each.evidence is None for each in picked.worst(evidence, {}))


def test_pictures_that_are_what_the_model_saw_are_not_cut_again(catalog, answers):
    square = np.full((96, 96, 3), 90, np.uint8)
    square[:4] = (0, 0, 255)
    from_square = judged._what_was_seen(RUN["recipe"])(square)
    assert from_square is square
    assert judged._what_was_seen(RUN["recipe"])(np.zeros((200, 300, 3), np.uint8)).shape == (96, 96, 3)
    assert judged._what_was_seen({"size": "wrong"})(square) is square


def test_drawn_answers_are_right_and_wrong_alike(picked):
    shown = picked.drawn(seed=0)
    assert len(shown) == judged.DRAWN
    assert {each.right for each in shown} == {True, False}
    assert {each.unknown for each in picked.drawn(seed=1)} <= {True, False}
    assert picked.drawn(seed=0) == shown
