"""Answers with their pictures."""

import shutil

import numpy as np
import pytest

from discern.catalog import scan
from discern.errors import BundleDamaged
from discern.reporting.gallery import Gallery
from discern.reporting.sections import example_predictions as showing
from tests.unit.reporting.factories import RUN, answers_for, write_pictures


@pytest.fixture
def answers(catalog):
    return answers_for(catalog)


@pytest.fixture
def picked(answers, gallery, catalog):
    return showing.ExamplePicker(answers, gallery, catalog.labels)


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

    flat = showing.ExamplePicker(answers, gallery, catalog.labels).worst(lambda rows: [np.ones((2, 2))] * len(rows), {})
    layered = showing.ExamplePicker(answers, gallery, catalog.labels).worst(evidence, {})
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
    from_square = showing._what_was_seen(RUN["recipe"])(square)
    assert from_square is square
    assert showing._what_was_seen(RUN["recipe"])(np.zeros((200, 300, 3), np.uint8)).shape == (96, 96, 3)
    assert showing._what_was_seen({"size": "wrong"})(square) is square


def test_drawn_answers_are_right_and_wrong_alike(picked):
    shown = picked.drawn(seed=0)
    assert len(shown) == showing.DRAWN
    assert {each.right for each in shown} == {True, False}
    assert {each.unknown for each in picked.drawn(seed=1)} <= {True, False}
    assert picked.drawn(seed=0) == shown


def test_a_thumbnail_opens_nothing(catalog, answers):
    def closed(row):
        raise AssertionError(row)

    one = showing.ExamplePicker(answers, Gallery(catalog, closed), catalog.labels).show(0, None)
    assert one.shot.uri.startswith("data:image/jpeg")
    assert max(one.shot.width, one.shot.height) == 64


def test_copies_are_shown_once(tmp_path):
    folder = write_pictures(tmp_path / "data", each=6)
    for copy in range(3):
        shutil.copy(folder / "train" / "ash" / "ash-0.png", folder / "train" / "ash" / f"copy-{copy}.png")
    catalog = scan(folder, cache=tmp_path / "cache", threads=1)
    answers = answers_for(catalog, wrong_each=1)
    gallery = Gallery(catalog, lambda row: np.zeros((8, 8, 3), np.uint8))
    picked = showing.ExamplePicker(answers, gallery, catalog.labels)
    everything = list(range(len(answers.rows)))
    assert len(picked.distinct(everything)) == len(everything) - 3
    paths = [shown.path for shown in picked.worst(None, {})]
    assert sum("copy-" in path or path.endswith("ash-0.png") for path in paths) <= 2
