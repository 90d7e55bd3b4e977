"""Contract tests that every training method must pass, including those of other packages."""

import contextlib
import itertools
from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from discern.bundle import open_runtime
from discern.picture import load_input
from discern.progress import Progress, silent
from discern.splitting import TEST, Split
from discern.training.data import TrainingData
from discern.training.methods.base import FitResult, Method


class Interrupted(Exception):
    """Exception that interrupts the fit of a training method."""


class MethodContract:
    """Base class of contract tests for a training method.

    A test class inherits them and defines `method`, `grouped` and `parted`.
    """

    tolerance = 1e-4
    _fitted: ClassVar[dict[tuple[type, str], tuple[TrainingData, Split, FitResult]]] = {}

    def method(self) -> Method:
        """Return a new instance of the training method under test, always with the same settings."""
        raise NotImplementedError

    def grouped(self) -> tuple[TrainingData, Split]:
        """Return training data with negatives and a cross-validation split."""
        raise NotImplementedError

    def parted(self) -> tuple[TrainingData, Split]:
        """Return training data without negatives and a train/test split of it."""
        raise NotImplementedError

    def fitted(self, split_name: str, folder: Path) -> tuple[TrainingData, Split, FitResult]:
        """Return the data, split and result of an uninterrupted fit, shared by all tests of a class.

        `split_name` is "grouped" or "parted". The fit starts without checkpoints.
        """
        place = type(self), split_name
        if place not in self._fitted:
            data, split = getattr(self, split_name)()
            result = self.method().fit(data, split, checkpoints=folder / "checkpoints", progress=silent)
            assert not list((folder / "checkpoints").glob("*")), "a completed fit removes what it saved"
            self._fitted[place] = data, split, result
        return self._fitted[place]

    def test_each_held_out_picture_is_predicted_once(self, tmp_path: Path) -> None:
        """Check that each image of the test split, or of all folds, is predicted exactly once."""
        for name in ("grouped", "parted"):
            _, split, result = self.fitted(name, tmp_path)
            expected = np.flatnonzero(split.test if split.method == "test-part" else split.fold >= 0)
            assert sorted(result.held_out.rows) == expected.tolist()

    def test_predictions_are_probabilities(self, tmp_path: Path) -> None:
        """Check that probabilities sum to 1 and out-of-distribution scores are finite."""
        for name in ("grouped", "parted"):
            data, _, result = self.fitted(name, tmp_path)
            for predictions in (result.held_out, result.out_of_fold, result.random_split, result.given_split):
                if predictions is not None:
                    assert predictions.probabilities.shape == (len(predictions.rows), len(data.catalog.labels))
                    np.testing.assert_allclose(predictions.probabilities.sum(axis=1), 1, atol=1e-4)
            assert np.isfinite(result.held_out.unknown_score).all()
            assert np.isfinite(result.held_out.t_unknown).all()

    def test_the_model_is_not_fitted_on_the_test_part(self, tmp_path: Path) -> None:
        """Check that the classifier is fitted only on training rows of the split."""
        _, split, result = self.fitted("parted", tmp_path)
        assert set(result.train_rows) <= set(split.training_rows(TEST))
        assert set(result.out_of_fold.rows) <= set(result.train_rows)

    def test_the_graph_gives_the_predictions_of_the_test_part(self, tmp_path: Path) -> None:
        """Check that the exported graph reproduces the held-out predictions from image files."""
        data, _, result = self.fitted("parted", tmp_path)
        held_out = result.held_out
        pixels = np.stack([load_input(data.catalog.read_one(int(row)), data.recipe) for row in held_out.rows])
        outputs = open_runtime(result.graph, threads=1).run({"pixels": pixels})
        np.testing.assert_allclose(outputs["probabilities"], held_out.probabilities, atol=self.tolerance)
        np.testing.assert_allclose(outputs["unknown_score"], held_out.unknown_score, atol=self.tolerance)

    def test_negatives_are_predicted_in_their_order(self, tmp_path: Path) -> None:
        """Check that each negative has one prediction, and that there are none without negatives."""
        data, _, result = self.fitted("grouped", tmp_path)
        assert data.negatives is not None
        assert result.negatives is not None
        assert result.negatives.confidence.shape == result.negatives.excess.shape == (len(data.negatives.groups),)
        assert self.fitted("parted", tmp_path)[2].negatives is None

    def test_an_interrupted_fit_is_completed_by_a_second_call(self, tmp_path: Path) -> None:
        """Check that a fit that is interrupted and resumed gives the same result."""
        data, split, undisturbed = self.fitted("grouped", tmp_path)
        checkpoints = tmp_path / "interrupted"
        for call in (1, 2):
            with contextlib.suppress(Interrupted):
                self.method().fit(data, split, checkpoints=checkpoints, progress=_interrupt_at(call))
        resumed = self.method().fit(data, split, checkpoints=checkpoints, progress=silent)
        assert_same(undisturbed, resumed)
        assert not list(checkpoints.glob("*"))


def assert_same(first: FitResult, second: FitResult) -> None:
    """Raise an AssertionError if two fit results differ."""
    assert first.graph == second.graph
    assert first.description == second.description
    assert (first.temperature, first.t_unknown) == (second.temperature, second.t_unknown)
    for name in ("held_out", "out_of_fold", "random_split", "given_split", "negatives"):
        _assert_same_arrays(getattr(first, name), getattr(second, name))
    np.testing.assert_array_equal(first.train_rows, second.train_rows)


def _assert_same_arrays(first: Any, second: Any) -> None:
    assert type(first) is type(second)
    for field in () if first is None else fields(first):
        np.testing.assert_array_equal(getattr(first, field.name), getattr(second, field.name))


def _interrupt_at(call: int) -> Progress:
    """Return a progress callback that raises `Interrupted` at its n-th call."""
    calls = itertools.count(1)

    def progress(stage: str, done: int, total: int | None) -> None:
        if next(calls) == call:
            raise Interrupted(f"{stage}: {done} of {total}")

    return progress
