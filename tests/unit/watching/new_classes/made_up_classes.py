"""Pictures of made-up classes, and the reference of a model that knows two of them."""

import numpy as np

from discern.bundle.heads import unit_rows
from discern.bundle.reference_pictures import ReferencePictures, project, quantise
from discern.watching.new_classes.class_spread import measure_spread

SIZE = 48
LABELS = ("ripe", "unripe")
_NOISE = 0.08
_CENTRES = unit_rows(np.random.default_rng(3).normal(size=(6, SIZE)))


def centre(axis: int) -> np.ndarray:
    return np.asarray(_CENTRES[axis])


def alike(count: int, axis: int, *, seed: int = 0) -> np.ndarray:
    """Make embeddings of a class's pictures, float `[count, 48]`; the classes of the reference are 0 and 1."""
    return centre(axis) + _NOISE * np.random.default_rng([50 + axis, seed]).normal(size=(count, SIZE))


def scattered(count: int) -> np.ndarray:
    return np.random.default_rng(9).normal(size=(count, SIZE))


def known(count: int, *, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return embeddings and labels of pictures of both known classes."""
    label = np.arange(count) % 2
    both = np.stack([alike(count, 0, seed=seed), alike(count, 1, seed=seed)])
    return both[label, np.arange(count)], label


def high_scores(count: int, share: float) -> np.ndarray:
    """Return unknown scores, of which the last ones are above nearly all of the reference."""
    return np.where(np.arange(count) < round((1 - share) * count), 0.2, 0.99)


def make_reference(count: int = 300, *, has_space: bool = True) -> ReferencePictures:
    embedding, label = known(count, seed=7)
    signals = np.zeros((count, 6), np.float32)
    signals[:, 0] = np.random.default_rng(0).permutation(count) / count
    projected = quantise(project(embedding, 64))
    return ReferencePictures(
        signals=signals,
        label=label.astype(np.int16),
        is_right=np.ones(count, bool),
        content=np.zeros((count, 8), np.uint8),
        projected=projected if has_space else np.zeros((0, 1), np.int8),
        centres=project(_CENTRES[:2], 64).astype(np.float16) if has_space else np.zeros((0, 1), np.float16),
        spread=measure_spread(embedding, label, np.arange(count)),
        accuracy=1.0,
    )
