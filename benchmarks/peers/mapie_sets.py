"""Prediction sets by MAPIE's split-conformal classifier, from given probabilities."""

from typing import Self

import numpy as np
from mapie.classification import SplitConformalClassifier
from sklearn.base import BaseEstimator, ClassifierMixin


class Given(ClassifierMixin, BaseEstimator):
    """Fitted classifier whose inputs are the probabilities themselves."""

    def __init__(self, labels: int = 2) -> None:
        self.labels = labels
        self.classes_, self.n_features_in_ = np.arange(labels), labels

    def fit(self, inputs: np.ndarray, truth: np.ndarray) -> Self:
        return self

    def predict_proba(self, inputs: np.ndarray) -> np.ndarray:
        return np.asarray(inputs)

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        return np.asarray(inputs).argmax(axis=1)


def mapie_sets(held_out: np.ndarray, truth: np.ndarray, other: np.ndarray, *, coverage: float) -> np.ndarray:
    """Calibrate on held-out probabilities `[N, K]` and return the sets of others, bool `[M, K]`; some may be empty."""
    held_out, other = (each / each.sum(axis=1, keepdims=True) for each in map(np.float64, (held_out, other)))
    classifier = SplitConformalClassifier(
        Given(held_out.shape[1]), confidence_level=coverage, conformity_score="lac", prefit=True
    )
    _, sets = classifier.conformalize(held_out, truth).predict_set(other)
    return np.asarray(sets[:, :, 0], bool)
