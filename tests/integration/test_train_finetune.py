"""A fine-tuned bundle is used as any other. It needs PyTorch."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

pytest.importorskip("torch", reason="PyTorch is optional")

import discern
from discern.bundle import load
from discern.errors import UsageError
from discern.features import load_backbone
from discern.flow.train import TrainResult, train
from discern.inference.batcher import Batcher
from tests.integration.workspace import Workspace
from tests.unit.training.factories import COLOURS, write_colours


@pytest.fixture(scope="module")
def parted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finetune")
    write_colours(folder / "photos", part="train", each=10, spread=60)
    return write_colours(folder / "photos", part="test", each=4, seed=9, spread=60)


@pytest.fixture(scope="module")
def finetuned(parted: Path) -> TrainResult:
    """A fit whose only epoch spoils the network, so that its start ships."""
    folder = parted.parent
    return train(
        parted, method="finetune", size=96, epochs=1, batch=8, lr=2.0, runs=folder / "runs", cache=folder / "cache"
    )


def test_training_that_hurts_ships_the_start(finetuned: TrainResult) -> None:
    method = finetuned.to_json()["method"]
    assert method["name"] == "finetune"
    assert method["why"]
    assert (method["epochs"], method["best_epoch"]) == (1, 0)
    assert method["parameters"] > 3_000_000
    manifest = load(finetuned.bundle).manifest
    assert manifest.backbone["key"] == load_backbone("lite0", size=96).key
    described = json.loads((finetuned.run / "metrics.json").read_text())["head"]["method"]
    assert described["loss"]["start"] <= min(described["loss"]["held_out"])
    assert described["pictures"]["calibrate"] > 0


def test_the_held_out_predictions_are_those_of_the_bundle(finetuned: TrainResult, parted: Path) -> None:
    answers = pl.read_parquet(finetuned.run / "answers.parquet")
    model = load(finetuned.bundle)
    for path, answer, confidence in answers.select("path", "answer", "confidence").iter_rows():
        prediction = model(parted / path)
        assert prediction.label == answer
        assert prediction.confidence == pytest.approx(confidence, abs=1e-4)


def test_it_is_evaluated_and_verified(finetuned: TrainResult, parted: Path) -> None:
    assert load(finetuned.bundle).verify().passed
    result = discern.evaluate(finetuned.bundle, parted, runs=parted.parent / "runs", cache=parted.parent / "cache")
    assert result.to_json()["accuracy"]["value"] > 0.8


def test_a_served_prediction_has_a_heat_map(finetuned: TrainResult, parted: Path) -> None:
    model = load(finetuned.bundle)
    batcher = Batcher(model)
    try:
        result = batcher.submit(sorted(parted.rglob("*.png"))[0], evidence=True).result()
    finally:
        batcher.close()
    assert result.prediction.label in COLOURS
    assert result.localisation is not None
    assert np.asarray(result.localisation.map).shape == (3, 3)


def test_no_file_of_the_fit_is_left(finetuned: TrainResult) -> None:
    assert not list((finetuned.run / "checkpoints").glob("*"))


def test_a_backbone_of_which_only_the_graph_is_known_is_refused_before_the_pictures_are_read(
    workspace: Workspace,
) -> None:
    with pytest.raises(UsageError, match="cannot be trained further: only its graph is known") as caught:
        workspace.train(workspace.photos, method="finetune")
    assert "timm/NAME" in str(caught.value.hint)
    assert not workspace.runs.exists()
