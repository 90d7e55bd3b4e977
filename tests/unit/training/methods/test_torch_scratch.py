"""The contract of methods, for a network that is trained from random weights. It needs PyTorch."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is optional")

from discern.heads import HeadConfig, Negatives  # noqa: E402
from discern.splitting import Split, SplitConfig, make_split  # noqa: E402
from discern.training import Method, MethodConfig, NegativePictures, TrainingData  # noqa: E402
from discern.training.methods.torch_scratch import Scratch  # noqa: E402
from discern.training.testing import MethodContract  # noqa: E402
from tests.unit.training.factories import load_data, write_colours  # noqa: E402


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scratch")
    write_colours(folder / "grouped")
    write_colours(folder / "negatives", each=4, seed=5, spread=90)
    write_colours(folder / "parted", part="train")
    write_colours(folder / "parted", part="test", each=6, seed=9)
    return folder


class TestScratch(MethodContract):
    @pytest.fixture(autouse=True)
    def _folder(self, folder: Path) -> None:
        self.folder = folder

    def _load(self, name: str) -> tuple[TrainingData, Split]:
        data, groups = load_data(self.folder / name, self.folder / "cache")
        return data, make_split(data.catalog, groups, SplitConfig(seed=3))

    def method(self) -> Method:
        return Scratch(config=MethodConfig(name="scratch", epochs=2, batch=8, lr=0.01), head=HeadConfig(), seed=3)

    def grouped(self) -> tuple[TrainingData, Split]:
        data, split = self._load("grouped")
        others, _ = self._load("negatives")
        rows = np.arange(len(others.catalog))
        negatives = Negatives(features=others.features[rows], groups=rows // 2)
        pictures = (NegativePictures(catalog=others.catalog, rows=rows),)
        return replace(data, negatives=negatives, negative_pictures=pictures), split

    def parted(self) -> tuple[TrainingData, Split]:
        return self._load("parted")

    def test_what_sets_thresholds_was_not_trained_on(self, tmp_path: Path) -> None:
        for name in ("grouped", "parted"):
            _, split, result = self.fitted(name, tmp_path)
            pictures = result.description["method"]["pictures"]
            assert sum(pictures.values()) == len(result.train_rows)
            assert pictures["calibrate"] == len(result.out_of_fold.rows) > 0
            assert len(set(split.fold[result.out_of_fold.rows])) == 1

    def test_it_says_which_epoch_is_the_best(self, tmp_path: Path) -> None:
        described = self.fitted("parted", tmp_path)[2].description["method"]
        assert described["name"] == "scratch"
        assert 1 <= described["best_epoch"] <= described["epochs"] <= 2
        losses = described["loss"]["held_out"]
        assert losses[described["best_epoch"] - 1] == min(losses)

    def test_the_network_is_not_the_backbone_of_the_data(self, tmp_path: Path) -> None:
        data, _, result = self.fitted("parted", tmp_path)
        assert result.backbone is not None
        assert result.backbone.key != data.backbone.key
        assert result.backbone.pretraining == ""
