"""Interface that every training method for image classifiers implements."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from discern.features import Backbone
from discern.progress import Progress
from discern.splitting import Split
from discern.training.data import TrainingData
from discern.training.predictions import HeldOutPredictions, NegativePredictions, Predictions, ScoredPredictions


@dataclass(frozen=True, kw_only=True, eq=False)
class FitResult:
    """Fitted image classifier with its held-out predictions.

    Attributes:
        graph: ONNX model from `pixels` to `probabilities`, `unknown_score`, `embedding` and `evidence`; see
            `attach_head`.
        temperature: divisor of the logits, already part of the graph.
        t_unknown: threshold of the unknown score.
        description: the fitted model in JSON-ready values, for metrics and bundle.
        unknown: the unknown score likewise.
        train_rows: int, catalog rows that the model was fitted on.
        held_out: predictions on a split that leaks nothing, by the model itself on a test part, else by models fitted
            the same way in cross-validation.
        out_of_fold: predictions for `train_rows` by models fitted without their fold.
        random_split: predictions of models fitted the same way on a random split, which ignores groups.
        given_split: likewise on the given parts, leaks included; None without given parts.
        negatives: predictions for the negatives; None without negatives.
        backbone: the network that the method trained; None for that of the data.
    """

    graph: bytes
    temperature: float
    t_unknown: float
    description: Mapping[str, Any]
    unknown: Mapping[str, Any]
    train_rows: np.ndarray
    held_out: HeldOutPredictions
    out_of_fold: ScoredPredictions
    random_split: Predictions
    given_split: Predictions | None
    negatives: NegativePredictions | None
    backbone: Backbone | None = None


EpochReport = Callable[[int, int, float], None]
"""Callback of a network's training: epochs done, their maximum number, and log loss on the pictures that choose one."""


def report_nothing(epoch: int, epochs: int, loss: float) -> None:
    """Ignore the reports of epochs."""


class Method(Protocol):
    """Protocol for training methods, with settings and seed set at construction."""

    def fit(self, data: TrainingData, split: Split, *, checkpoints: Path, progress: Progress) -> FitResult:
        """Fit a classifier deterministically and predict all held-out images.

        Args:
            data: pictures with their features.
            split: the assignment to folds and test part.
            checkpoints: folder of this fit, which may not exist. Called again with the folder of an interrupted call, a
                method may continue from what it saved there; it removes what it saved once it has its result.
            progress: called with the stage, items done and items in all; what it raises interrupts the fit.
        """

    def predict_folds(
        self, data: TrainingData, split: Split, *, checkpoints: Path, report: EpochReport = report_nothing
    ) -> Iterator[Predictions]:
        """Predict the held-out folds of the training part one after the other, without a look at the test part.

        Each fold is predicted by a model that is fitted and calibrated on the other folds when it is asked for, so that
        who needs fewer folds pays for fewer.

        Args:
            data: pictures with their features; those of the test part need none.
            split: the assignment to folds and test part.
            checkpoints: folder of these fits, as of `fit`; it is left as it is.
            report: called after each epoch of a network; what it raises ends the fit.
        """
