"""Dataclasses for the held-out predictions of a classifier."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from discern.catalog import Catalog


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """Class probabilities predicted for held-out images.

    Attributes:
        rows: int `[M]`, catalog rows of the pictures.
        probabilities: float32 `[M, K]`, calibrated.
    """

    rows: np.ndarray
    probabilities: np.ndarray


@dataclass(frozen=True, kw_only=True)
class ScoredPredictions(Predictions):
    """Class probabilities and out-of-distribution scores of held-out images.

    Attributes:
        unknown_score: float32 `[M]`.
        t_unknown: float `[M]`, threshold of the model that gave the prediction.
    """

    unknown_score: np.ndarray
    t_unknown: np.ndarray


@dataclass(frozen=True, kw_only=True)
class HeldOutPredictions(ScoredPredictions):
    """Held-out predictions on which a classifier is evaluated.

    Attributes:
        uncalibrated: float32 `[M, K]`, probabilities before temperature scaling.
    """

    uncalibrated: np.ndarray


@dataclass(frozen=True, kw_only=True)
class NegativePredictions:
    """Predictions for negatives, images of none of the classes, in catalog order.

    Attributes:
        confidence: float32 `[S]`, highest probability.
        label: int `[S]`, index of the label that has it.
        excess: float64 `[S]`, unknown score minus a threshold that was tuned without the picture's group.
    """

    confidence: np.ndarray
    label: np.ndarray
    excess: np.ndarray

    def decisions(self, *, accept: float | None, unjudged: np.ndarray) -> np.ndarray:
        """Decide between accept, review and unknown for each negative, by thresholds tuned without its group.

        Args:
            accept: confidence from which a prediction is accepted; None for never.
            unjudged: bool `[K]`, labels that are never accepted.
        """
        confident = np.zeros(len(self.excess), bool) if accept is None else self.confidence >= accept
        accepted = confident & ~unjudged[self.label]
        return np.where(~(self.excess <= 0), "unknown", np.where(accepted, "accept", "review"))


def tabulate(catalog: Catalog, held_out: ScoredPredictions) -> pl.DataFrame:
    """Build the table of predictions that is saved as `answers.parquet` and `validation.parquet`.

    The columns are row, path, label, answer, confidence, unknown_score and t_unknown.
    """
    labels = np.array(catalog.labels)
    return pl.DataFrame(
        {
            "row": held_out.rows,
            "path": catalog.table["path"].gather(held_out.rows),
            "label": labels[catalog.label_index[held_out.rows]],
            "answer": labels[held_out.probabilities.argmax(axis=1)],
            "confidence": held_out.probabilities.max(axis=1),
            "unknown_score": held_out.unknown_score.astype(np.float32),
            "t_unknown": held_out.t_unknown,
        }
    )
