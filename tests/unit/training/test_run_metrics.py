"""Metrics of a run: accuracies on the same pictures, and classes of few groups."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from discern.bundle import Manifest
from discern.evaluating import Metrics
from discern.grouping import Groups
from discern.splitting import SplitConfig, make_split
from discern.training import TrainConfig, choose_policy, compute_metrics
from discern.training.card import write_card
from discern.training.predictions import Predictions
from tests.unit.bundle.factories import make_manifest
from tests.unit.training.factories import fit_probe, load_data, write_colours

CONFIG = TrainConfig(seed=1, split=SplitConfig(seed=1))


def metrics_of(
    folder: Path, cache: Path, sizes: dict[str, int] | None = None, *, random_rows: int | None = None
) -> Metrics:
    """Compute the metrics of a training on a folder, with groups of some size in each class.

    With `random_rows`, the random split predicts that many pictures from the last one on, as one fold of it would.
    """
    data, groups = load_data(folder, cache)
    if sizes:
        labels = np.array(data.catalog.labels)[data.catalog.label_index]
        group = [label_row // sizes[label] + 1000 * list(sizes).index(label) for label, label_row in number(labels)]
        groups = Groups(group=np.array(group), cross_pairs=groups.cross_pairs)
    split = make_split(data.catalog, groups, CONFIG.split)
    result = fit_probe(data, split, CONFIG)
    if random_rows is not None:
        order = np.argsort(result.random_split.rows)[-random_rows:]
        rows, probabilities = result.random_split.rows[order], result.random_split.probabilities[order]
        result = replace(result, random_split=Predictions(rows=rows, probabilities=probabilities))
    return compute_metrics(data, split, result, choose_policy(data, split, result, CONFIG), CONFIG)


def number(labels: np.ndarray) -> list[tuple[str, int]]:
    """Pair each label with its number among equal labels."""
    return [(label, int(np.sum(labels[:row] == label))) for row, label in enumerate(labels)]


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_colours(tmp_path_factory.mktemp("colours") / "data", spread=60)


def test_the_random_split_is_measured_on_the_pictures_of_the_test_part(tmp_path: Path) -> None:
    write_colours(tmp_path / "data", spread=60, part="train")
    write_colours(tmp_path / "data", each=5, spread=60, seed=3, part="test")
    accuracy = metrics_of(tmp_path / "data", tmp_path / "cache").accuracy
    assert accuracy.leak_free.method == "test-part"
    assert accuracy.difference.pictures == 15
    assert accuracy.random_split.value - accuracy.leak_free.value == pytest.approx(accuracy.difference.value)


def test_one_random_fold_is_measured_on_its_own_pictures(tmp_path: Path) -> None:
    write_colours(tmp_path / "data", spread=60, part="test")
    write_colours(tmp_path / "data", each=5, spread=60, seed=3, part="train")
    whole = metrics_of(tmp_path / "data", tmp_path / "cache").accuracy
    part = metrics_of(tmp_path / "data", tmp_path / "cache", random_rows=20).accuracy
    assert part.difference.pictures < 18 < whole.difference.pictures
    assert part.random_split.low is not None  # of 20 pictures, and not of the few that the test part has as well


def test_classes_of_few_groups_are_named(colours: Path, tmp_path: Path) -> None:
    metrics = metrics_of(colours, tmp_path / "cache", {"blue": 6, "green": 2, "red": 3})
    assert metrics.accuracy.leak_free.few_groups == {"blue": 2, "red": 4}
    assert Metrics.from_json(json.loads(json.dumps(metrics.to_json()))).accuracy == metrics.accuracy
    manifest = make_manifest(metrics=metrics.for_bundle())
    assert Manifest.from_bytes(manifest.to_bytes()).metrics == manifest.metrics
    assert "pessimistic for classes of fewer than five independent groups: blue (2), red (4)" in write_card(manifest)
    assert metrics_of(colours, tmp_path / "cache").accuracy.leak_free.few_groups is None


def test_a_class_that_was_not_evaluated_is_not_named(colours: Path, tmp_path: Path) -> None:
    leak_free = metrics_of(colours, tmp_path / "cache", {"blue": 12, "green": 2, "red": 1}).accuracy.leak_free
    assert (leak_free.classes, leak_free.few_groups) == (2, None)
