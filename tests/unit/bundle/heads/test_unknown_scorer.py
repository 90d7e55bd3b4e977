"""An unknown scorer computes four measures and their weighted sum, and rejects arrays that do not fit."""

from dataclasses import replace

import numpy as np
import pytest

from discern.bundle.heads import MEASURES, UNKNOWN_BYTES, UnknownScorer
from discern.errors import BundleError

SPANS = ((0, 4), (4, 6))


@pytest.fixture
def features() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((5, 6)).astype(np.float32)


@pytest.fixture
def scorer() -> UnknownScorer:
    """Scorer without within-class directions, whose two class means lie on the first two axes."""
    return UnknownScorer(
        spans=SPANS,
        prototypes=np.eye(4)[:2].astype(np.float16),
        scale=np.ones(6, np.float32),
        centre=np.zeros(6, np.float32),
        within=np.zeros((6, 1), np.float16),
        directions=np.eye(6)[:, :2].astype(np.float16),
        lengths=np.ones(2, np.float32),
        mean=np.zeros(4, np.float32),
        spread=np.ones(4, np.float32),
        share=np.full(4, 0.25, np.float32),
    )


def test_the_measures_of_a_class_mean_are_small(scorer):
    features = np.array([[2, 0, 0, 0, 0, 0], [0, 0, 0, 3, 0, 0]], np.float32)
    cosine, whitened, mahalanobis, energy = scorer.measure(features, np.array([[5.0, 0], [0, 0]], np.float32)).T
    np.testing.assert_allclose(cosine, [0, 1], atol=1e-6)
    np.testing.assert_allclose(whitened, [0, 1], atol=1e-6)
    np.testing.assert_allclose(mahalanobis, [0, 2**0.5], atol=1e-6)
    assert energy[0] < energy[1] == pytest.approx(-np.log(2))


def test_a_discounted_direction_counts_less(scorer):
    features = np.array([[1, 0, 0, 1, 0, 0]], np.float32)
    logits = np.zeros((1, 2), np.float32)
    within = np.zeros((6, 1), np.float16)
    within[3] = 0.9
    plain, discounted = scorer.measure(features, logits), replace(scorer, within=within).measure(features, logits)
    place = MEASURES.index("whitened")
    assert discounted[0, place] < plain[0, place]
    assert discounted[0, place + 1] < plain[0, place + 1]


def test_the_score_is_the_weighted_sum_of_standardised_measures(scorer, features):
    logits = np.zeros((5, 2), np.float32)
    mean, spread = np.arange(4, dtype=np.float32), np.array([1, 2, 3, 4], np.float32)
    share = np.array([0.5, 0, 0.25, 0.25], np.float32)
    scorer = replace(scorer, mean=mean, spread=spread, share=share)
    expected = ((scorer.measure(features, logits) - mean) / spread * share).sum(axis=1)
    score = scorer.score(features, logits)
    assert score.dtype == np.float32
    np.testing.assert_allclose(score, expected, rtol=1e-5)


def test_a_black_picture_gets_a_finite_score(scorer):
    assert np.isfinite(scorer.score(np.zeros((1, 6)), np.zeros((1, 2), np.float32))).all()


@pytest.mark.parametrize(
    "change",
    [
        {"prototypes": np.zeros((2, 3), np.float16)},
        {"prototypes": np.zeros((2, 4), np.float32)},
        {"prototypes": np.zeros((0, 4), np.float16)},
        {"scale": np.ones(5, np.float32)},
        {"within": np.zeros((5, 1), np.float16)},
        {"directions": np.full((6, 2), np.inf, np.float16)},
        {"lengths": np.ones(3, np.float32)},
        {"spread": np.array([1, 0, 1, 1], np.float32)},
        {"share": np.ones(3, np.float32)},
    ],
)
def test_scorers_that_do_not_fit_are_rejected(scorer, change):
    with pytest.raises(BundleError):
        replace(scorer, **change)


def test_the_size_is_limited(scorer):
    with pytest.raises(BundleError, match="a bundle may hold"):
        replace(scorer, prototypes=np.zeros((UNKNOWN_BYTES // 8 + 1, 4), np.float16))
