"""Objective of a study: a measure on held-out groups of the training part."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from discern.errors import UsageError
from discern.flow.tune.study_data import StudyData
from discern.flow.tune.trial_settings import TrialSettings
from discern.training import TrainingData, make_method
from discern.training.predictions import Predictions

Measure = Literal["log_loss", "accuracy"]
MEASURES: dict[Measure, str] = {"log_loss": "log loss", "accuracy": "accuracy"}
"""Names of the measures in sentences."""

# A network is trained once a trial; a head takes seconds, and is fitted for each fold.
_FOLDS_OF_NETWORKS = 1
_FIRST_FOLDS = 2
_PARTS_OF_A_TRAINING, _FIRST_PARTS, _STEPS_OF_NETWORKS = 10, 2, 1000
_LEAST_PROBABILITY = 1e-12


class Pruned(Exception):
    """Exception that ends a trial that is worse than most."""


Report = Callable[[int, float], bool]
"""Callback with a step and the value so far, which returns True if the trial is to be pruned."""


def check_measure(measure: str) -> Measure:
    """Return a measure, if there is such a one.

    Raises:
        UsageError: it is not one of `MEASURES`.
    """
    for known in MEASURES:
        if measure == known:
            return known
    raise UsageError(f"Unknown measure: {measure!r}.", hint=f"Use {' or '.join(MEASURES)}.")


@dataclass(frozen=True, kw_only=True, eq=False)
class Objective:
    """Objective of a study.

    Attributes:
        data: the pictures, of which the training part is used.
        measure: "log_loss" or "accuracy" of the predictions for held-out groups.
    """

    data: StudyData
    measure: Measure

    @property
    def maximise(self) -> bool:
        """Return True if higher values are better."""
        return self.measure == "accuracy"

    def value(self, settings: TrialSettings, *, checkpoints: Path, report: Report) -> float:
        """Train with the settings of a trial, and return the measure on held-out folds of the training part.

        Args:
            settings: the settings.
            checkpoints: folder for the state of an interrupted training.
            report: called after each fold of a head, and after each tenth of a network's epochs.

        Raises:
            Pruned: the report said so.
            DiscernError: the settings do not suit the pictures.
        """
        data, split = self.data.features(settings.preparing), self.data.split
        method = make_method(settings.training)
        is_head = not settings.training.method.resolved()
        most = len(split.held_out) if is_head else _FOLDS_OF_NETWORKS
        watch = _EpochWatch(report, maximise=self.maximise)
        scores, weights = np.empty(0), np.empty(0)
        folds = method.predict_folds(data, split, checkpoints=checkpoints, report=watch)
        for number, predictions in zip(range(1, most + 1), folds, strict=False):
            scores = np.concatenate([scores, self._scores(data, predictions)])
            weights = np.concatenate([weights, data.weights(predictions.rows)])
            value = float(np.average(scores, weights=weights))
            if is_head and report(number, value) and _FIRST_FOLDS <= number < most:
                raise Pruned
        return value

    def _scores(self, data: TrainingData, predictions: Predictions) -> np.ndarray:
        truth = data.catalog.label_index[predictions.rows]
        if self.measure == "accuracy":
            return np.asarray(predictions.probabilities.argmax(axis=1) == truth, np.float64)
        given = predictions.probabilities[np.arange(len(truth)), truth].astype(np.float64)
        return np.asarray(-np.log(np.maximum(given, _LEAST_PROBABILITY)))


class _EpochWatch:
    """Report of a network's epochs at each tenth of them, so that trainings of other lengths can be compared."""

    def __init__(self, report: Report, *, maximise: bool) -> None:
        self._report, self._sign = report, -1 if maximise else 1
        self._part, self._best = 0, np.inf

    def __call__(self, epoch: int, epochs: int, loss: float) -> None:
        self._best = min(self._best, loss)
        part = _PARTS_OF_A_TRAINING * epoch // epochs
        if part <= self._part:
            return
        self._part = part
        pruned = self._report(_STEPS_OF_NETWORKS + part, self._sign * self._best)
        if pruned and _FIRST_PARTS <= part < _PARTS_OF_A_TRAINING:
            raise Pruned
