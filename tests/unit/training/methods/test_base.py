"""The contract of methods, for the probe and for a method that saves checkpoints."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from discern.heads import HeadConfig, Negatives
from discern.progress import Progress, silent
from discern.splitting import Split, SplitConfig, make_split
from discern.training import Method, Probe, TrainingData
from discern.training.methods import FitResult
from discern.training.testing import MethodContract, assert_same
from tests.unit.training.factories import load_data, write_colours

SPLIT = SplitConfig(seed=3)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("methods")
    write_colours(folder / "grouped")
    write_colours(folder / "parted", part="train")
    write_colours(folder / "parted", part="test", each=6, seed=9)
    return folder


class _Data(MethodContract):
    """Small data of both splits."""

    @pytest.fixture(autouse=True)
    def _folder(self, folder: Path) -> None:
        self.folder = folder

    def _load(self, name: str) -> tuple[TrainingData, Split]:
        data, groups = load_data(self.folder / name, self.folder / "cache")
        return data, make_split(data.catalog, groups, SPLIT)

    def grouped(self) -> tuple[TrainingData, Split]:
        data, split = self._load("grouped")
        features = np.random.default_rng(4).uniform(0, 1, (20, data.features.shape[1])).astype(np.float32)
        return replace(data, negatives=Negatives(features=features, groups=np.arange(20) // 2)), split

    def parted(self) -> tuple[TrainingData, Split]:
        return self._load("parted")


class TestProbe(_Data):
    def method(self) -> Method:
        return Probe(config=HeadConfig(), seed=3)


@dataclass(frozen=True)
class Repeated:
    """Fits probes with two seeds in turn, saves what is done, and keeps the one with the lower threshold."""

    seeds: tuple[int, ...] = (0, 1)

    def fit(self, data: TrainingData, split: Split, *, checkpoints: Path, progress: Progress = silent) -> FitResult:
        saved = checkpoints / "done.json"
        thresholds = json.loads(saved.read_text()) if saved.exists() else []
        for seed in self.seeds[len(thresholds) :]:
            progress("fit", len(thresholds), len(self.seeds))
            thresholds.append(self._probe(seed).fit(data, split, checkpoints=checkpoints).t_unknown)
            checkpoints.mkdir(parents=True, exist_ok=True)
            saved.write_text(json.dumps(thresholds))
        best = self.seeds[int(np.argmin(thresholds))]
        result = self._probe(best).fit(data, split, checkpoints=checkpoints)
        saved.unlink()
        return result

    def _probe(self, seed: int) -> Probe:
        return Probe(config=HeadConfig(), seed=seed)


class TestMethodWithCheckpoints(_Data):
    def method(self) -> Method:
        return Repeated()

    def test_a_second_call_continues_where_the_first_was_interrupted(self, tmp_path: Path) -> None:
        data, split, undisturbed = self.fitted("parted", tmp_path)
        calls: list[int] = []

        def interrupt(stage: str, done: int, total: int | None) -> None:
            calls.append(done)
            if len(calls) == 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            self.method().fit(data, split, checkpoints=tmp_path / "second", progress=interrupt)
        resumed = self.method().fit(data, split, checkpoints=tmp_path / "second", progress=interrupt)
        assert calls == [0, 1, 1]
        assert_same(resumed, undisturbed)
