"""Baseline classifiers that use only image thumbnails."""

from collections.abc import Mapping
from functools import partial

import numpy as np

from discern.bundle.heads import ABSENT, softmax
from discern.heads.feature_space import BLOCK, Features, top_directions
from discern.heads.logistic import fit_logistic
from discern.heads.random_subset import random_subset
from discern.parallel import parallel_map, single_threaded_blas

_GREY_SIDE, _COLOUR_SIDE = 16, 8
# Caps on time, not tuned for accuracy; with parallel fits, the principal directions took a fifth of the time.
_MAX_ROWS, _MAX_DIRECTIONS = 5_000, 128
# scikit-learn's default C.
_STRENGTH = 1.0


@single_threaded_blas()
def baselines(
    thumbs: Features,
    labels: np.ndarray,
    fold: np.ndarray,
    *,
    classes: int,
    outer_folds: tuple[int, ...] | None = None,
    left_out: Mapping[int, np.ndarray] | None = None,
    weights: np.ndarray | None = None,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """Compute the out-of-fold predictions of three baseline classifiers.

    * majority: the class frequencies, for every picture.
    * mean_colour: logistic regression on the mean and standard deviation of red, green and blue.
    * raw_pixels: logistic regression on the 128 first principal components of 16 x 16 grey and 8 x 8 colour values.

    The regressions are fitted on at most 5,000 pictures, drawn at random.

    Args:
        thumbs: uint8 `[N, 64, 64, 3]`.
        labels: int `[N]` in 0..classes - 1.
        fold: int `[N]`; pictures of fold -1 are in every training set.
        classes: K.
        outer_folds: the folds to predict; None: all. A test part is fold 0 with `outer_folds=(0,)`.
        left_out: fold -> positions excluded from training when that fold is predicted.
        weights: float64 `[N]`, sample weights; None: 1 each.
        seed: random seed of the sample.

    Returns:
        Probabilities float32 `[N, K]` by name; NaN for pictures of other folds.
    """
    weights = np.ones(len(labels)) if weights is None else weights
    inputs = {"majority": np.zeros((len(labels), 0)), **_reduce(thumbs)}
    probabilities = {name: np.full((len(labels), classes), np.nan, np.float32) for name in inputs}

    def predict_fold(name: str, number: int) -> None:
        training = fold != number
        training[(left_out or {}).get(number, [])] = False
        rows = random_subset(np.flatnonzero(training), _MAX_ROWS, seed=seed)
        test_rows = np.flatnonzero(fold == number)
        train, test = _project(inputs[name][rows], inputs[name][test_rows])
        fitted = fit_logistic(train, labels[rows], weights[rows], classes=classes, strength=_STRENGTH)
        probabilities[name][test_rows] = softmax(np.where(fitted.present, fitted.logits(test), ABSENT))

    folds = np.unique(fold[fold >= 0]).tolist() if outer_folds is None else outer_folds
    for _ in parallel_map([partial(predict_fold, name, number) for name in inputs for number in folds]):
        pass
    return probabilities


def _project(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Standardise features and project them on the principal axes of the training rows."""
    mean = train.mean(axis=0)
    scale = np.maximum(train.std(axis=0), 1.0) * max(train.shape[1], 1) ** 0.5
    train, test = (train - mean) / scale, (test - mean) / scale
    if train.shape[1] <= _MAX_DIRECTIONS:
        return train, test
    _, directions = top_directions(train.T @ train, _MAX_DIRECTIONS)
    return train @ directions, test @ directions


def _reduce(thumbs: Features) -> dict[str, np.ndarray]:
    """Compute the mean colours and raw pixel features of thumbnails."""
    colours, pixels = [], []
    for start in range(0, len(thumbs), BLOCK):
        # One channel after the other: sums along a row take a sixth of the time of sums across three channels.
        block = np.moveaxis(np.asarray(thumbs[start : start + BLOCK]), 3, 1).astype(np.float32, order="C")
        count = len(block)
        flat = block.reshape(count, 3, -1)
        colours.append(np.concatenate([flat.mean(axis=2), flat.std(axis=2)], axis=1))
        grey = _shrink(block.mean(axis=1, keepdims=True), _GREY_SIDE).reshape(count, -1)
        small = np.moveaxis(_shrink(block, _COLOUR_SIDE), 1, 3)
        pixels.append(np.concatenate([grey, small.reshape(count, -1)], axis=1))
    return {"mean_colour": np.concatenate(colours), "raw_pixels": np.concatenate(pixels)}


def _shrink(pictures: np.ndarray, size: int) -> np.ndarray:
    """Reduce square images `[N, channels, side, side]` to a given size by average pooling."""
    count, channels, side, _ = pictures.shape
    rows = pictures.reshape(count, channels, size, side // size, side).mean(axis=3)
    return np.asarray(rows.reshape(count, channels, size, size, side // size).mean(axis=4))
