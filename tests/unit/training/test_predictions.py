"""Held-out predictions as a table, and those of simple classifiers."""

from pathlib import Path

import numpy as np
import pytest

from discern.splitting import Split, SplitConfig, make_split
from discern.training import TrainConfig, TrainingData, tabulate
from discern.training.baseline_predictions import predict_baselines
from tests.unit.training.factories import fit_probe, load_data, write_colours

CONFIG = TrainConfig(seed=3, split=SplitConfig(seed=3))


@pytest.fixture(params=["grouped-cv", "test-part"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[TrainingData, Split]:
    if request.param == "grouped-cv":
        write_colours(tmp_path / "data")
    else:
        write_colours(tmp_path / "data", part="train")
        write_colours(tmp_path / "data", part="test", each=6, seed=9)
    data, groups = load_data(tmp_path / "data", tmp_path / "cache")
    split = make_split(data.catalog, groups, CONFIG.split)
    assert split.method == request.param
    return data, split


def test_held_out_predictions_become_a_table(world: tuple[TrainingData, Split]) -> None:
    data, split = world
    held_out = fit_probe(data, split, CONFIG).held_out
    table = tabulate(data.catalog, held_out)
    assert table.columns == ["row", "path", "label", "answer", "confidence", "unknown_score", "t_unknown"]
    assert len(table) == len(held_out.rows)
    assert table["confidence"].is_between(1 / 3, 1).all()


def test_simple_classifiers_predict_the_held_out_pictures(world: tuple[TrainingData, Split]) -> None:
    data, split = world
    rows = np.flatnonzero(split.test if split.method == "test-part" else split.fold >= 0)
    baselines = predict_baselines(data, split, rows, seed=CONFIG.seed)
    truth = data.catalog.label_index[rows]
    accuracy = {name: float(np.mean(each.argmax(axis=1) == truth)) for name, each in baselines.items()}
    assert set(baselines) == {"majority", "mean_colour", "raw_pixels"}
    assert all(each.shape == (len(rows), 3) for each in baselines.values())
    assert accuracy["mean_colour"] > 0.8
    assert accuracy["majority"] < 0.6
