"""The contract of methods, for a head with a hidden layer on frozen features. It needs PyTorch."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is optional")

from discern.bundle import open_runtime  # noqa: E402
from discern.heads import HeadConfig, Negatives  # noqa: E402
from discern.picture import load_input  # noqa: E402
from discern.progress import silent  # noqa: E402
from discern.splitting import Split, SplitConfig, make_split  # noqa: E402
from discern.training import Method, MethodConfig, TrainingData  # noqa: E402
from discern.training.methods.torch_mlp import HiddenHead, MlpProbe  # noqa: E402
from discern.training.testing import MethodContract  # noqa: E402
from tests.unit.training.factories import load_data, write_colours  # noqa: E402


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mlp")
    write_colours(folder / "grouped")
    write_colours(folder / "negatives", each=4, seed=5, spread=90)
    write_colours(folder / "parted", part="train")
    write_colours(folder / "parted", part="test", each=6, seed=9)
    return folder


def load(folder: Path, **settings: Any) -> tuple[TrainingData, Split]:
    data, groups = load_data(folder, folder.parent / "cache")
    return data, make_split(data.catalog, groups, SplitConfig(seed=3, **settings))


def mlp(**settings: Any) -> MlpProbe:
    config = MethodConfig(**{"hidden": 16, "epochs": 6, "batch": 8, "lr": 0.02, "dropout": 0.1, **settings})
    return MlpProbe(config=config, head=HeadConfig(), seed=3)


class TestMlpProbe(MethodContract):
    @pytest.fixture(autouse=True)
    def _folder(self, folder: Path) -> None:
        self.folder = folder

    def method(self) -> Method:
        return mlp()

    def grouped(self) -> tuple[TrainingData, Split]:
        data, split = load(self.folder / "grouped")
        others, _ = load(self.folder / "negatives")
        rows = np.arange(len(others.catalog))
        return replace(data, negatives=Negatives(features=others.features[rows], groups=rows // 2)), split

    def parted(self) -> tuple[TrainingData, Split]:
        return load(self.folder / "parted")

    def test_it_learns_colours(self, tmp_path: Path) -> None:
        data, _, result = self.fitted("grouped", tmp_path)
        right = result.held_out.probabilities.argmax(axis=1) == data.catalog.label_index[result.held_out.rows]
        assert right.mean() > 0.85

    def test_what_sets_thresholds_was_not_trained_on(self, tmp_path: Path) -> None:
        for name in ("grouped", "parted"):
            _, split, result = self.fitted(name, tmp_path)
            pictures = result.description["method"]["pictures"]
            assert sum(pictures.values()) == len(result.train_rows)
            assert pictures["calibrate"] == len(result.out_of_fold.rows) > 0
            assert len(set(split.fold[result.out_of_fold.rows])) == 1

    def test_the_best_epoch_ships(self, tmp_path: Path) -> None:
        described = self.fitted("parted", tmp_path)[2].description["method"]
        losses = described["loss"]["held_out"]
        assert described["name"] == "probe"
        assert described["settings"]["hidden"] == 16
        assert losses[described["best_epoch"] - 1] == min(losses)
        assert described["parameters"] == 9 * 16 + 16 + 2 * 16 + 16 * 3 + 3

    def test_the_backbone_is_still_that_of_the_data(self, tmp_path: Path) -> None:
        assert self.fitted("parted", tmp_path)[2].backbone is None

    def test_evidence_comes_from_places_and_classes(self, tmp_path: Path) -> None:
        data, _, result = self.fitted("parted", tmp_path)
        pixels = load_input(data.catalog.read_one(0), data.recipe)[None]
        evidence = open_runtime(result.graph, threads=1).run({"pixels": pixels})["evidence"]
        assert evidence.shape == (1, 2, 2, 3)
        assert np.ptp(evidence) > 0


@pytest.mark.parametrize("folds", [2, 3])
def test_the_number_of_folds_is_honoured(folder: Path, tmp_path: Path, folds: int) -> None:
    data, split = load(folder / "grouped", folds=folds)
    result = mlp(epochs=1).fit(data, split, checkpoints=tmp_path, progress=silent)
    assert split.held_out == tuple(range(folds))
    assert np.array_equal(result.held_out.rows, np.flatnonzero(split.fold >= 0))


def test_a_step_of_one_picture_is_possible(folder: Path) -> None:
    data, _ = load(folder / "grouped")
    mean, deviation = np.zeros(9, np.float32), np.ones(9, np.float32)
    network = HiddenHead(data.backbone, 3, hidden=4, dropout=0.0, mean=mean, deviation=deviation)
    network.training_mode()
    assert torch.isfinite(network(torch.ones(1, 9))).all()
