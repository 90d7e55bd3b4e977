"""Simple rivals: what a head must beat before its accuracy means anything."""

from collections.abc import Mapping
from functools import partial

import numpy as np

from discern.bundle.heads import ABSENT, softmax
from discern.heads.feature_space import BLOCK, Features
from discern.heads.logistic import fit_logistic
from discern.heads.unknown.score import top_directions
from discern.parallel import parallel_map

_GREY, _COLOURS = 16, 8
_LEARN_FROM, _DIRECTIONS = 5_000, 128
_STRENGTH = 1.0


def baselines(
    thumbs: Features,
    labels: np.ndarray,
    fold: np.ndarray,
    *,
    classes: int,
    held: tuple[int, ...] | None = None,
    left_out: Mapping[int, np.ndarray] | None = None,
    weights: np.ndarray | None = None,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """Answers of simple rivals to each picture, learned without its fold.

    * majority: the shares of the classes, whatever the picture.
    * mean_colour: logistic regression on the mean and deviation of red, green and blue.
    * raw_pixels: logistic regression on the 128 strongest principal directions of 16 x 16 grey and 8 x 8 colour values.

    From more than 5,000 pictures the regressions learn from a random 5,000.

    Args:
        thumbs: uint8 `[N, 64, 64, 3]`.
        labels: int `[N]` in 0..classes - 1.
        fold: int `[N]`; pictures of fold -1 are always learned from.
        classes: K.
        held: the folds that are judged; None: all. A test part is judged as fold 0 with `held=(0,)`.
        left_out: fold -> positions not to be learned from while it is judged.
        weights: float64 `[N]`; None: 1 each.
        seed: of the sample.

    Returns:
        By name, probabilities float32 `[N, K]`; NaN for pictures in no held fold.
    """
    weights = np.ones(len(labels)) if weights is None else weights
    kinds = {"majority": np.zeros((len(labels), 0)), **_reduce(thumbs)}
    answers = {name: np.full((len(labels), classes), np.nan, np.float32) for name in kinds}

    def answer(name: str, number: int) -> None:
        learned = fold != number
        learned[(left_out or {}).get(number, [])] = False
        rows = np.flatnonzero(learned)
        if len(rows) > _LEARN_FROM:
            rows = np.sort(np.random.default_rng(seed).choice(rows, _LEARN_FROM, replace=False))
        judged = np.flatnonzero(fold == number)
        known, asked = _reduce_alike(kinds[name][rows], kinds[name][judged])
        fitted = fit_logistic(known, labels[rows], weights[rows], classes=classes, strength=_STRENGTH)
        answers[name][judged] = softmax(np.where(fitted.present, fitted.logits(asked), ABSENT))

    folds = np.unique(fold[fold >= 0]).tolist() if held is None else held
    for _ in parallel_map([partial(answer, name, number) for name in kinds for number in folds]):
        pass
    return answers


def _reduce_alike(known: np.ndarray, asked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Standardise by what is known, and turn to its strongest directions: `[n, d]` to `[n, up to 128]` each."""
    mean = known.mean(axis=0)
    scale = np.maximum(known.std(axis=0), 1.0) * max(known.shape[1], 1) ** 0.5
    known, asked = (known - mean) / scale, (asked - mean) / scale
    if known.shape[1] <= _DIRECTIONS:
        return known, asked
    _, directions = top_directions(known.T @ known, _DIRECTIONS)
    return known @ directions, asked @ directions


def _reduce(thumbs: Features) -> dict[str, np.ndarray]:
    colours, pixels = [], []
    for start in range(0, len(thumbs), BLOCK):
        some = np.asarray(thumbs[start : start + BLOCK], np.float32)
        count = len(some)
        flat = some.reshape(count, -1, 3)
        colours.append(np.concatenate([flat.mean(axis=1), flat.std(axis=1)], axis=1))
        grey = _shrink(some.mean(axis=3, keepdims=True), _GREY).reshape(count, -1)
        pixels.append(np.concatenate([grey, _shrink(some, _COLOURS).reshape(count, -1)], axis=1))
    return {"mean_colour": np.concatenate(colours), "raw_pixels": np.concatenate(pixels)}


def _shrink(pictures: np.ndarray, size: int) -> np.ndarray:
    """Average square fields of `[n, s, s, c]` down to `[n, size, size, c]`."""
    count, side, _, channels = pictures.shape
    fields = pictures.reshape(count, size, side // size, size, side // size, channels)
    return np.asarray(fields.mean(axis=(2, 4)))
