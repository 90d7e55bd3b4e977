"""Synthetic pictures without quality problems, and the findings of one check."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from discern.catalog import Catalog
from discern.checking import Finding, find_issues
from discern.heads import OutOfFoldPredictions
from tests.unit.conftest import catalog_of

Find = Callable[..., list[Finding]]


def scenes(count: int, *, seed: int = 0) -> np.ndarray:
    """Thumbnails uint8 [count, 64, 64, 3]: boxes of random colours on a random background."""
    random = np.random.default_rng(seed)
    pictures = np.repeat(random.integers(30, 226, (count, 1, 1, 3)), 64, axis=1).repeat(64, axis=2).astype(np.uint8)
    for picture in pictures:
        for left, top in random.integers(0, 50, (6, 2)):
            picture[top : top + 14, left : left + 14] = random.integers(0, 256, 3)
        picture[30:40, 20:30], picture[30:40, 30:40] = 15, 240
    return pictures


@pytest.fixture
def make_catalog() -> Callable[..., Catalog]:
    """Catalogs of varied and sharp pictures."""

    def make(labels: Sequence[str | None], **columns: Any) -> Catalog:
        given: dict[str, Any] = {"thumbs": scenes(len(labels)), "sharpness": [0.6] * len(labels)}
        return catalog_of(labels, **given | columns)

    return make


@pytest.fixture
def find(make_catalog, make_groups, make_edges) -> Find:
    """Findings of one check; by default, every picture is a group of its own."""

    def find(
        check, labels, *, edges=(), group=None, cross_pairs=(), config=None, predictions=None, declared=None, **columns
    ):
        catalog = make_catalog(
            labels,
            **{"group": declared or [None] * len(labels), "width": [200] * len(labels), "height": [160] * len(labels)}
            | columns,
        )
        groups = make_groups(range(len(labels)) if group is None else group, cross_pairs)
        findings = find_issues(catalog, make_edges(edges), groups, predictions=predictions, config=config)
        assert all(0 <= finding.score <= 1 and finding.why for finding in findings)
        return [finding for finding in findings if finding.check == check]

    return find


def predictions_of(probabilities: Any, unknown_score: Any = None) -> OutOfFoldPredictions:
    """Out-of-fold predictions of N pictures."""
    probabilities = np.asarray(probabilities, np.float32)
    score = np.zeros(len(probabilities)) if unknown_score is None else unknown_score
    return OutOfFoldPredictions(probabilities=probabilities, unknown_score=np.asarray(score, np.float32))
