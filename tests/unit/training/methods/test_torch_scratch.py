"""The contract of methods, for a network that is trained from random weights. It needs PyTorch."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is optional")

from discern.heads import HeadConfig, Negatives  # noqa: E402
from discern.progress import Progress, silent  # noqa: E402
from discern.splitting import Split, SplitConfig, make_split  # noqa: E402
from discern.training import Method, MethodConfig, NegativePictures, TrainingData  # noqa: E402
from discern.training.methods.graph_outputs import run_graph  # noqa: E402
from discern.training.methods.loop.torch_pictures import reduction_of  # noqa: E402
from discern.training.methods.networks.torch_small_cnn import SmallCnn  # noqa: E402
from discern.training.methods.torch_scratch import Scratch  # noqa: E402
from discern.training.testing import Interrupted, MethodContract  # noqa: E402
from tests.unit.training.factories import load_data, write_colours  # noqa: E402


def read_state(path: Path) -> dict[str, Any]:
    """Read the state in a checkpoint, without its checks."""
    body = path.read_bytes().partition(b"\n")[2][:-32]
    return dict(torch.load(io.BytesIO(body), weights_only=True)["state"])


def interrupt_second_fit() -> Progress:
    """Return a callback that raises `Interrupted` when a second fit starts."""
    starts: list[int] = []

    def progress(stage: str, done: int, total: int | None) -> None:
        if stage == "fit" and not done:
            starts.append(done)
            if len(starts) == 2:
                raise Interrupted

    return progress


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scratch")
    write_colours(folder / "grouped")
    write_colours(folder / "negatives", each=4, seed=5, spread=90)
    write_colours(folder / "parted", part="train")
    write_colours(folder / "parted", part="test", each=6, seed=9)
    write_colours(folder / "hard", part="train", spread=150)
    write_colours(folder / "hard", part="test", each=4, seed=9, spread=150)
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

    def test_the_best_weights_and_not_the_last_are_in_the_graph(self, tmp_path: Path) -> None:
        data, split = self._load("hard")
        method = Scratch(config=MethodConfig(name="scratch", epochs=8, batch=8, lr=0.01), head=HeadConfig(), seed=3)
        with pytest.raises(Interrupted):
            method.fit(data, split, checkpoints=tmp_path, progress=interrupt_second_fit())
        state = read_state(tmp_path / "final.pt")
        result = method.fit(data, split, checkpoints=tmp_path, progress=silent)
        described = result.description["method"]
        assert described["best_epoch"] < described["epochs"], "colours that say little are learned by heart"
        assert result.backbone is not None
        graphs, size = {}, data.recipe.size
        for name, weights in (("best", state["best"]), ("last", state["network"])):
            network = SmallCnn(len(data.catalog.labels))
            network.load_state_dict(weights)
            graphs[name] = network.eval().to_backbone(size=size, factor=reduction_of(size)).graph
        assert result.backbone.graph == graphs["best"] != graphs["last"]
        rows = result.held_out.rows
        expected = run_graph(result.graph, ("probabilities",), data.catalog, rows, data.recipe)[0]
        np.testing.assert_array_equal(result.held_out.probabilities, expected)

    def test_the_network_is_not_the_backbone_of_the_data(self, tmp_path: Path) -> None:
        data, _, result = self.fitted("parted", tmp_path)
        assert result.backbone is not None
        assert result.backbone.key != data.backbone.key
        assert result.backbone.pretraining == ""
