"""Predictions of quickly fitted heads for each fold of the same rows, however the folds are dealt."""

from functools import reduce
from operator import add

import numpy as np

from discern.heads.lda import Scatter, fit_lda
from discern.heads.moments import Moments, sum_by_class


def predict_folds(
    rows: np.ndarray, labels: np.ndarray, fold: np.ndarray, weights: np.ndarray, *, classes: int
) -> np.ndarray:
    """Predict each fold by a linear discriminant that is fitted on the other folds.

    Args:
        rows: float32 `[N, r]`, coordinates.
        labels: int `[N]`, from 0.
        fold: int `[N]`, from 0.
        weights: float64 `[N]`, sample weights.
        classes: K.

    Returns:
        int `[N]`, the predicted labels; -1 where the other folds have fewer than two classes.
    """
    numbers = np.unique(fold).tolist()
    places = {number: np.flatnonzero(fold == number) for number in numbers}
    moments = {number: _moments(rows[own], labels[own], weights[own], classes) for number, own in places.items()}
    predicted = np.full(len(labels), -1, np.int64)
    for number, own in places.items():
        others = [moments[other] for other in numbers if other != number]
        if others:
            predicted[own] = _predict(rows[own], reduce(add, others))
    return predicted


def _moments(rows: np.ndarray, labels: np.ndarray, weights: np.ndarray, classes: int) -> Moments:
    root = rows * np.sqrt(weights)[:, None].astype(rows.dtype)
    return Moments(
        weight=np.bincount(labels, weights, classes),
        total=sum_by_class(rows, labels, weights, classes),
        second=np.asarray(root.T @ root, np.float64),
    )


def _predict(rows: np.ndarray, moments: Moments) -> np.ndarray:
    scatter = Scatter.from_moments(moments, rows.shape[1])
    if scatter.present.sum() < 2:
        return np.full(len(rows), -1, np.int64)
    linear = fit_lda(scatter, scatter.shrinkage)
    return np.asarray(np.where(linear.present, linear.logits(rows), -np.inf).argmax(axis=1))
