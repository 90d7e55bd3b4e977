"""Example predictions with their pictures."""

import shutil

import numpy as np
import pytest

from discern.catalog import scan
from discern.errors import BundleDamaged
from discern.reporting.gallery import Gallery
from discern.reporting.sections import example_predictions
from tests.unit.reporting.factories import RUN, predictions_for, write_pictures


@pytest.fixture
def predictions(catalog):
    return predictions_for(catalog)


@pytest.fixture
def picker(predictions, gallery, catalog):
    return example_predictions.ExamplePicker(predictions, gallery, catalog.labels)


def test_errors_have_the_evidence_for_the_prediction(picker, predictions):
    requested = []

    def evidence(rows):
        requested.extend(rows)
        return [np.ones((3, 3, 3)) for _ in rows]

    shown = picker.most_confident_errors(evidence, RUN["recipe"])
    assert len(shown) == len(requested) == 12
    assert not any(each.correct for each in shown)
    assert all((each.evidence.width, each.evidence.height) == (96, 96) for each in shown)
    confidences = [predictions.confidence[position] for position in predictions.most_confident_errors(12)]
    assert confidences[0] == max(confidences)


def test_the_map_of_the_predicted_label_is_shown(catalog, gallery, predictions):
    predicted = predictions.predicted[predictions.most_confident_errors(12)]

    def evidence(rows):
        maps = [np.zeros((2, 2, 3)) for _ in rows]
        for layers, label in zip(maps, predicted, strict=True):
            layers[..., label] = 1.0
        return maps

    flat = example_predictions.ExamplePicker(predictions, gallery, catalog.labels).most_confident_errors(
        lambda rows: [np.ones((2, 2))] * len(rows), {}
    )
    layered = example_predictions.ExamplePicker(predictions, gallery, catalog.labels).most_confident_errors(
        evidence, {}
    )
    assert [each.evidence.uri for each in layered] == [each.evidence.uri for each in flat]


def test_errors_without_evidence_maps(picker):
    assert all(each.evidence is None for each in picker.most_confident_errors(None, {}))


def test_failing_evidence_maps_are_left_out(picker):
    def evidence(rows):
        raise BundleDamaged("gone")

    assert all(each.evidence is None for each in picker.most_confident_errors(evidence, {}))


def test_model_inputs_are_not_preprocessed_again(catalog, predictions):
    square = np.full((96, 96, 3), 90, np.uint8)
    square[:4] = (0, 0, 255)
    view = example_predictions._model_view(RUN["recipe"])(square)
    assert view is square
    assert example_predictions._model_view(RUN["recipe"])(np.zeros((200, 300, 3), np.uint8)).shape == (96, 96, 3)
    assert example_predictions._model_view({"size": "wrong"})(square) is square


def test_a_whole_picture_of_the_models_size_is_cropped(catalog, predictions):
    square = np.full((96, 96, 3), 90, np.uint8)
    square[:4] = (0, 0, 255)
    view = example_predictions._model_view(RUN["recipe"], whole=True)(square)
    assert (view == 90).all()


def test_a_sample_has_correct_and_wrong_predictions(picker):
    shown = picker.sample(seed=0)
    assert len(shown) == example_predictions.SAMPLE_SIZE
    assert {each.correct for each in shown} == {True, False}
    assert {each.unknown for each in picker.sample(seed=1)} <= {True, False}
    assert picker.sample(seed=0) == shown


def test_a_thumbnail_does_not_open_the_file(catalog, predictions):
    def closed(row):
        raise AssertionError(row)

    one = example_predictions.ExamplePicker(predictions, Gallery(catalog, closed), catalog.labels).example(0, None)
    assert one.image.uri.startswith("data:image/jpeg")
    assert max(one.image.width, one.image.height) == 64


def test_copies_are_shown_once(tmp_path):
    folder = write_pictures(tmp_path / "data", each=6)
    for copy in range(3):
        shutil.copy(folder / "train" / "ash" / "ash-0.png", folder / "train" / "ash" / f"copy-{copy}.png")
    catalog = scan(folder, cache=tmp_path / "cache", threads=1)
    predictions = predictions_for(catalog, wrong_every=1)
    gallery = Gallery(catalog, lambda row: np.zeros((8, 8, 3), np.uint8))
    picker = example_predictions.ExamplePicker(predictions, gallery, catalog.labels)
    everything = list(range(len(predictions.rows)))
    assert len(picker.without_copies(everything)) == len(everything) - 3
    paths = [shown.path for shown in picker.most_confident_errors(None, {})]
    assert sum("copy-" in path or path.endswith("ash-0.png") for path in paths) <= 2
