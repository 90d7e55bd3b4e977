"""The parts compute what they say, and refuse arrays that do not fit."""

from dataclasses import replace

import numpy as np
import pytest

from discern.bundle.heads.linear_head import (
    ABSENT,
    MEASURES,
    UNKNOWN_BYTES,
    LinearHead,
    UnknownScorer,
    softmax,
    unit_blocks,
)
from discern.errors import BundleError

SPANS = ((0, 4), (4, 6))


@pytest.fixture
def features() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((5, 6)).astype(np.float32)


@pytest.fixture
def head() -> LinearHead:
    generator = np.random.default_rng(1)
    weight, bias = generator.standard_normal((6, 3)), generator.standard_normal(3)
    return LinearHead(spans=SPANS, weight=weight.astype(np.float32), bias=bias.astype(np.float32))


@pytest.fixture
def scorer() -> UnknownScorer:
    """Nothing is discounted, and two class means lie on the first two axes."""
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


def test_each_block_gets_unit_length(features):
    rows = unit_blocks(features, SPANS)
    assert rows.dtype == np.float32
    for start, end in SPANS:
        np.testing.assert_allclose(np.linalg.norm(rows[:, start:end], axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(unit_blocks(features * 7, SPANS), rows, atol=1e-6)


def test_a_block_of_zeros_stays_zero():
    np.testing.assert_array_equal(unit_blocks(np.zeros((1, 6)), SPANS), np.zeros((1, 6)))


def test_probabilities_are_a_softmax_of_affine_logits(head, features):
    expected = unit_blocks(features, SPANS) @ head.weight + head.bias
    np.testing.assert_allclose(head.logits(features), expected)
    probabilities = head.probabilities(features)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(probabilities.argmax(axis=1), expected.argmax(axis=1))


def test_the_map_weight_is_that_of_the_first_block(head):
    np.testing.assert_array_equal(head.map_weight, head.weight[:4])


def test_evidence_averages_to_what_the_first_block_adds_to_each_logit(head, features):
    places = np.random.default_rng(3).standard_normal((5, 2, 2, 4)).astype(np.float32)
    places += (features[:, :4] - places.mean(axis=(1, 2)))[:, None, None]
    added = unit_blocks(features, SPANS)[:, :4] @ head.map_weight
    np.testing.assert_allclose(head.evidence(features, places).mean(axis=(1, 2)), added, atol=1e-5)


def test_before_the_temperature_logits_are_larger_but_for_what_was_not_learned(head, features):
    assert head.classes == 3
    raw = replace(head, weight=head.weight * 4, bias=head.bias * 4).probabilities(features)
    np.testing.assert_allclose(head.uncalibrated(features, 4.0), raw, atol=1e-6)
    weight, bias = head.weight.copy(), head.bias.copy()
    weight[:, 1], bias[1] = 0, ABSENT
    assert (replace(head, weight=weight, bias=bias).uncalibrated(features, 0.01)[:, 1] < 1e-5).all()


def test_softmax_stands_large_logits():
    np.testing.assert_allclose(softmax(np.array([[1000.0, 0.0], [-1e9, -1e9]])), [[1, 0], [0.5, 0.5]])


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
        {"spans": ((1, 6),)},
        {"spans": ((0, 4), (5, 6))},
        {"spans": ()},
        {"weight": np.zeros((5, 3), np.float32)},
        {"weight": np.zeros((6, 3))},
        {"bias": np.zeros(2, np.float32)},
        {"bias": np.array([0, np.nan, 0], np.float32)},
    ],
)
def test_heads_that_do_not_fit_are_refused(head, change):
    with pytest.raises(BundleError):
        replace(head, **change)


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
def test_scorers_that_do_not_fit_are_refused(scorer, change):
    with pytest.raises(BundleError):
        replace(scorer, **change)


def test_what_travels_is_bounded(scorer):
    with pytest.raises(BundleError, match="may travel"):
        replace(scorer, prototypes=np.zeros((UNKNOWN_BYTES // 8 + 1, 4), np.float16))


def test_features_of_another_width_are_refused(head):
    with pytest.raises(BundleError, match=r"\[N, 6\]"):
        head.logits(np.zeros((2, 5)))
