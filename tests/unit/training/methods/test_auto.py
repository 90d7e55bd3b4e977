"""The automatic choice of the method: a pilot on held-out groups decides, and the test part is not looked at."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from discern.errors import UsageError
from discern.extras import INSTALL_TORCH
from discern.heads import HeadConfig, SpaceCache
from discern.progress import Progress, silent
from discern.splitting import TEST, Split, SplitConfig, make_split
from discern.training import FitResult, Method, MethodConfig, TrainConfig, TrainingData, make_method
from discern.training.methods import Probe
from discern.training.methods.auto import Auto, Challenger
from discern.training.methods.base import EpochReport, report_nothing
from discern.training.methods.probe import ProbeResult
from discern.training.predictions import Predictions
from discern.training.testing import MethodContract
from tests.unit.training.factories import load_data, write_colours

SEED = 3


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("auto")
    write_colours(folder / "grouped", each=14, spread=20)
    write_colours(folder / "parted", each=14, part="train", spread=20)
    write_colours(folder / "parted", part="test", each=6, seed=9, spread=20)
    return folder


def load(folder: Path, name: str) -> tuple[TrainingData, Split]:
    data, groups = load_data(folder / name, folder / "cache")
    return data, make_split(data.catalog, groups, SplitConfig(seed=SEED))


@dataclass
class Other:
    """A method whose answers to held-out pictures are right, or wrong, in a share of the pictures."""

    right: float
    right_in_full: float | None = None
    error: Exception | None = None
    seen: list[str] = field(default_factory=list)
    asked: set[int] = field(default_factory=set)

    def make(self, epochs: int) -> Method:
        self.seen.append(f"make {epochs}")
        return self

    def fit(self, data: TrainingData, split: Split, *, checkpoints: Path, progress: Progress = silent) -> FitResult:
        self.seen.append("fit")
        if self.error is not None:
            raise self.error
        result = Probe(config=HeadConfig(), seed=SEED).fit(data, split, checkpoints=checkpoints, progress=silent)
        share = self.right if self.right_in_full is None else self.right_in_full
        changed = {name: self._answered(data, getattr(result, name), share) for name in ("held_out", "out_of_fold")}
        described = {**result.description, "method": {"name": "other", "epochs": 4, "best_epoch": 3, "parameters": 5}}
        return replace(result, description=described, **changed)

    def predict_folds(
        self, data: TrainingData, split: Split, *, checkpoints: Path, report: EpochReport = report_nothing
    ) -> Iterator[Predictions]:
        rows = split.training_rows(TEST)
        for number in split.held_out:
            self.seen.append("fold")
            report(1, 2, 0.5)
            own = rows[split.fold[rows] == number]
            self.asked |= set(own.tolist())
            empty = np.zeros((len(own), len(data.catalog.labels)), np.float32)
            yield self._answered(data, Predictions(rows=own, probabilities=empty), self.right)

    def _answered(self, data: TrainingData, answers: Predictions, share: float) -> Predictions:
        truth, classes = data.catalog.label_index[answers.rows], len(data.catalog.labels)
        wrong = answers.rows % 10 >= 10 * share
        return replace(answers, probabilities=np.eye(classes, dtype=np.float32)[(truth + wrong) % classes])


def weakened(folder: Path, name: str) -> tuple[TrainingData, Split]:
    """Data whose features say nothing, so that the probe is bad."""
    data, split = load(folder, name)
    return mixed_up(data), split


def mixed_up(data: TrainingData) -> TrainingData:
    """Each picture with the features of another one."""
    return replace(data, position=np.random.default_rng(0).permutation(data.position), spaces=SpaceCache())


class Blind(Probe):
    """A probe that reads the features of other pictures."""

    def fit(self, data: TrainingData, split: Split, *, checkpoints: Path, progress: Progress = silent) -> ProbeResult:
        return super().fit(mixed_up(data), split, checkpoints=checkpoints, progress=progress)


def fit(other: Other, data: TrainingData, split: Split, folder: Path, *, budget: float | None = None) -> FitResult:
    auto = Auto(
        probe=Probe(config=HeadConfig(), seed=SEED),
        challenger=Challenger(make=other.make, epochs=4),
        budget=budget,
    )
    return auto.fit(data, split, checkpoints=folder / "checkpoints", progress=silent)


def why(result: FitResult) -> str:
    return str(result.description["method"]["why"])


def test_a_pilot_without_a_gain_ends_it(folder: Path, tmp_path: Path) -> None:
    data, split = load(folder, "parted")
    other = Other(right=0.5)
    result = fit(other, data, split, tmp_path)
    assert other.seen == ["make 2", "fold"]
    assert result.description["method"]["chosen"] == "probe"
    assert why(result).startswith("A pilot of 2 epochs on ")
    assert why(result).endswith(": not worth a minute.")
    assert result.description["method"]["pilot"]["value"] <= 0
    probe = Probe(config=HeadConfig(), seed=SEED).fit(data, split, checkpoints=tmp_path, progress=silent)
    np.testing.assert_array_equal(result.held_out.probabilities, probe.held_out.probabilities)
    assert result.graph == probe.graph


def test_a_clear_gain_leads_to_the_full_training(folder: Path, tmp_path: Path) -> None:
    data, split = weakened(folder, "parted")
    other = Other(right=1.0)
    result = fit(other, data, split, tmp_path)
    assert other.seen[0] == "make 2"
    assert other.seen[-2:] == ["make 4", "fit"]
    method = result.description["method"]
    assert (method["name"], method["chosen"], method["epochs"], method["parameters"]) == ("auto", "other", 4, 5)
    assert "so the network was trained in full: on" in method["why"]
    assert method["why"].endswith("so it is the model.")
    assert method["gain"]["value"] > 0


def test_the_pictures_of_the_test_part_are_not_looked_at(folder: Path, tmp_path: Path) -> None:
    data, split = weakened(folder, "parted")
    other = Other(right=1.0)
    fit(other, data, split, tmp_path)
    assert other.asked <= set(split.training_rows(TEST).tolist())
    assert not other.asked & set(np.flatnonzero(split.test).tolist())


def test_a_full_training_that_is_worse_is_not_the_result(folder: Path, tmp_path: Path) -> None:
    data, split = weakened(folder, "parted")
    result = fit(Other(right=1.0, right_in_full=0.0), data, split, tmp_path)
    assert result.description["method"]["chosen"] == "probe"
    assert why(result).endswith("so the model is the probe.")
    assert result.description["method"]["gain"]["value"] < 0


def test_in_cross_validation_each_fold_is_predicted_by_the_choice_of_the_others(folder: Path, tmp_path: Path) -> None:
    data, split = weakened(folder, "grouped")
    result = fit(Other(right=1.0), data, split, tmp_path)
    assert sorted(result.held_out.rows) == np.flatnonzero(split.fold >= 0).tolist()
    answers = result.held_out.probabilities.argmax(axis=1)
    assert (answers == data.catalog.label_index[result.held_out.rows]).all()
    probe = fit(Other(right=1.0, right_in_full=0.0), data, split, tmp_path)
    answers = probe.held_out.probabilities.argmax(axis=1)
    assert 0 < (answers == data.catalog.label_index[probe.held_out.rows]).mean() < 1


def test_a_budget_that_does_not_suffice_ends_it(folder: Path, tmp_path: Path) -> None:
    data, split = weakened(folder, "parted")
    other = Other(right=1.0)
    result = fit(other, data, split, tmp_path, budget=1e-6)
    assert "fit" not in other.seen
    assert result.description["method"]["chosen"] == "probe"
    assert why(result) == "The pilot of fine-tuning did not end within the budget of a minute."


@pytest.mark.parametrize("error", [UsageError("The backbone cannot be trained further.", hint="Use another.")])
def test_what_cannot_be_trained_leaves_the_probe(folder: Path, tmp_path: Path, error: Exception) -> None:
    data, split = weakened(folder, "parted")
    result = fit(Other(right=1.0, error=error), data, split, tmp_path)
    assert result.description["method"]["chosen"] == "probe"
    assert why(result) == "Fine-tuning is not possible: The backbone cannot be trained further. Use another."


def test_without_a_challenger_it_is_the_probe_and_says_why(folder: Path, tmp_path: Path) -> None:
    data, split = load(folder, "parted")
    auto = Auto(probe=Probe(config=HeadConfig(), seed=SEED), challenger=None, reason="PyTorch is not installed.")
    result = auto.fit(data, split, checkpoints=tmp_path, progress=silent)
    assert result.description["method"]["why"] == "PyTorch is not installed."
    assert result.description["method"]["pilot"] is None


def test_the_registry_gives_it_the_settings_of_fine_tuning() -> None:
    auto = make_method(TrainConfig(method=MethodConfig(name="auto", epochs=5, budget=90.0)))
    assert isinstance(auto, Auto)
    assert auto.budget == 90.0
    if auto.challenger is None:
        assert INSTALL_TORCH in auto.reason
    else:
        assert auto.challenger.epochs == 5


class TestAuto(MethodContract):
    @pytest.fixture(autouse=True)
    def _folder(self, folder: Path) -> None:
        self.folder = folder

    def method(self) -> Method:
        seeing = Probe(config=HeadConfig(), seed=SEED)
        return Auto(probe=Blind(config=HeadConfig(), seed=SEED), challenger=Challenger(make=lambda _: seeing, epochs=4))

    def grouped(self) -> tuple[TrainingData, Split]:
        return load(self.folder, "grouped")

    def parted(self) -> tuple[TrainingData, Split]:
        return load(self.folder, "parted")

    def test_the_better_method_is_the_result(self, tmp_path: Path) -> None:
        for name in ("grouped", "parted"):
            assert self.fitted(name, tmp_path)[2].description["method"]["gain"]["value"] > 0

    def test_negatives_are_predicted_in_their_order(self, tmp_path: Path) -> None:
        """Auto returns the negatives of the chosen method as they are; these data have none."""
        assert self.fitted("grouped", tmp_path)[2].negatives is None
