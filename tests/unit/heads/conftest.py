"""Synthetic embeddings for the tests of heads."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

BLOCKS = {"head": (0, 24), "stage7": (24, 40), "stage6": (40, 48)}


@dataclass(frozen=True)
class Made:
    """N embeddings with labels and folds."""

    features: np.ndarray
    labels: np.ndarray
    fold: np.ndarray

    @property
    def classes(self) -> int:
        return int(self.labels.max()) + 1


@pytest.fixture(scope="session")
def make() -> Callable[..., Made]:
    """Gaussian clusters around class means; `apart`: distance of the means in standard deviations."""

    def build(count: int, classes: int, *, apart: float = 1.5, folds: int = 5, seed: int = 0) -> Made:
        generator = np.random.default_rng(seed)
        means = np.random.default_rng(99).standard_normal((classes, 48)) * apart / 2
        labels = np.arange(count) % classes
        noise = generator.standard_normal((count, 48)) * np.linspace(0.3, 2, 48)
        features = (1 + means[labels] + noise).astype(np.float32)
        fold = np.random.default_rng(seed + 1).permutation(count) % folds
        return Made(features, labels, fold)

    return build


@pytest.fixture(scope="session")
def make_ordered() -> Callable[..., Made]:
    """Gaussian clusters along one direction in the order of their labels; `apart`: distance in standard deviations."""

    def build(count: int, classes: int, *, apart: float = 3.0, folds: int = 5, seed: int = 0) -> Made:
        generator = np.random.default_rng(seed)
        along = np.random.default_rng(98).standard_normal(48)
        labels = np.arange(count) % classes
        steps = (labels - (classes - 1) / 2)[:, None] * along * apart / np.linalg.norm(along)
        features = (4 + steps + generator.standard_normal((count, 48))).astype(np.float32)
        return Made(features, labels, np.random.default_rng(seed + 1).permutation(count) % folds)

    return build


@pytest.fixture(scope="session")
def blocks() -> dict[str, tuple[int, int]]:
    return BLOCKS
