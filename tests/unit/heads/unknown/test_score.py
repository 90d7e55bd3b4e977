"""Unknown score: measures of the training pictures, threshold of held-out ones."""

import numpy as np
import pytest
from scipy import stats

from discern.bundle.heads import MEASURES, UNKNOWN_BYTES, LinearHead
from discern.heads.feature_space import FeatureSpace
from discern.heads.lda import Scatter
from discern.heads.moments import Moments
from discern.heads.unknown.score import (
    CANDIDATES,
    DEFAULT_SUM,
    average_ranks,
    combine,
    fit_unknown_scorer,
    k_means_centres,
    rejection_threshold,
    select_sum,
    spherical_k_means,
    standardise,
    with_energy,
)


@pytest.fixture(scope="module")
def fitted(make, blocks):
    made, spans = make(90, 3, apart=3), tuple(blocks.values())
    space = FeatureSpace(made.features, spans, (1.0, 0.7, 0.7))
    rows = np.arange(90)
    scatter = Scatter.from_moments(Moments.from_rows(space, rows, made.labels, np.ones(90), 3), 48)
    heads = made.features[:, :24] / np.linalg.norm(made.features[:, :24], axis=1, keepdims=True)
    return (
        made,
        space,
        scatter,
        fit_unknown_scorer(space, scatter, heads, np.ones(90), spans, prototypes=16, rank=12, seed=0),
    )


def measure(scorer, features: np.ndarray) -> np.ndarray:
    head = LinearHead(spans=scorer.spans, weight=np.zeros((48, 3), np.float32), bias=np.zeros(3, np.float32))
    return scorer.measure(features, head.logits(features))


def test_noise_scores_higher_than_training_pictures(fitted):
    made, _, _, scorer = fitted
    noise = np.random.default_rng(5).standard_normal((90, 48)).astype(np.float32)
    known, unknown = measure(scorer, made.features), measure(scorer, noise)
    for place in range(3):
        assert np.median(unknown[:, place]) > np.quantile(known[:, place], 0.9), MEASURES[place]


def test_the_distance_is_mahalanobis(fitted):
    made, space, scatter, scorer = fitted
    rows = space.rows(np.arange(90)) - scatter.centre
    values, vectors = np.linalg.eigh(scatter.covariance)
    shrunk = (1 - scatter.shrinkage) * values + scatter.shrinkage * scatter.level
    strong = np.argsort(shrunk)[::-1][:12]
    base = (shrunk.sum() - shrunk[strong].sum()) / (len(shrunk) - 12)
    shrunk[np.argsort(shrunk)[:-12]] = base
    whitening = vectors * np.sqrt(base / shrunk)
    apart = (rows[:, None] - scatter.offsets) @ whitening
    expected = np.sqrt((apart**2).sum(axis=2).min(axis=1))
    np.testing.assert_allclose(measure(scorer, made.features)[:, 2], expected, rtol=0.02, atol=0.01)


def test_arrays_are_in_half_precision(fitted):
    scorer = fitted[3]
    assert scorer.within.dtype == scorer.directions.dtype == scorer.prototypes.dtype == np.float16
    assert np.abs(scorer.directions).max() < 100


def test_a_thousand_classes_stay_within_the_size_limit():
    generator = np.random.default_rng(0)
    classes, width = 1000, 1000
    rows = generator.standard_normal((classes, width)).astype(np.float32)
    space = FeatureSpace(rows, ((0, width),), (1.0,))
    labels, weights = np.arange(classes), np.ones(classes)
    moments = Moments.from_rows(space, labels, labels, weights, classes)
    scorer = fit_unknown_scorer(
        space,
        Scatter.from_moments(moments, width),
        rows / np.linalg.norm(rows, axis=1, keepdims=True),
        weights,
        ((0, width),),
        prototypes=128,
        rank=64,
        seed=0,
    )
    assert scorer.nbytes <= UNKNOWN_BYTES
    assert len(scorer.lengths) < classes


def test_few_distinct_rows_are_the_prototypes():
    rows = np.eye(4, dtype=np.float32)[[0, 1, 1, 2, 0]]
    np.testing.assert_array_equal(spherical_k_means(rows, np.ones(5), 8, seed=0), np.eye(4)[:3])


def test_prototypes_are_the_centres_of_clusters():
    generator = np.random.default_rng(0)
    means = np.eye(12, dtype=np.float32)[:3]
    rows = means[np.arange(60) % 3] + generator.standard_normal((60, 12)).astype(np.float32) * 0.05
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    centres = spherical_k_means(rows, np.ones(60), 12, seed=0)
    assert centres.shape == (12, 12)
    np.testing.assert_allclose(np.linalg.norm(centres, axis=1), 1, rtol=1e-5)
    assert (rows @ centres.T).max(axis=1).min() > 0.95


def test_rows_are_merged_only_if_there_are_too_many():
    rows = np.random.default_rng(0).standard_normal((9, 3))
    assert k_means_centres(rows, np.ones(9), 9, seed=0) is rows
    merged = k_means_centres(np.repeat(np.eye(3), 5, axis=0), np.ones(15), 4, seed=1)
    assert merged.shape == (4, 3)
    assert np.isfinite(merged).all()


def test_standardised_scores_of_known_pictures_have_mean_zero(fitted):
    made, _, _, scorer = fitted
    measures, weights = measure(scorer, made.features), np.random.default_rng(0).uniform(0.5, 1, 90)
    for name, used in CANDIDATES.items():
        standard = standardise(scorer, measures, weights, name)
        assert [bool(share) for share in standard.share] == [measure in used for measure in MEASURES]
        assert standard.share.sum() == pytest.approx(1)
        assert np.average(combine(standard, measures), weights=weights) == pytest.approx(0, abs=1e-4)


def test_constant_measures_have_finite_scores(fitted):
    scorer = standardise(fitted[3], np.zeros((1, 4)), np.ones(1), DEFAULT_SUM)
    assert np.isfinite(combine(scorer, np.ones((2, 4)))).all()


def test_energy_replaces_the_last_column():
    measures = with_energy(np.zeros((2, 4)), np.array([[0.0, 0.0], [9.0, -9.0]]))
    np.testing.assert_allclose(measures[:, 3], [-np.log(2), -9], atol=1e-6)


def test_without_held_out_classes_the_default_sum_is_selected():
    assert select_sum([]) == (DEFAULT_SUM, {})
    assert select_sum([(np.zeros((3, 4)), np.zeros(3, bool))]) == (DEFAULT_SUM, {})


def test_a_clearly_better_sum_is_selected():
    generator = np.random.default_rng(0)
    measures, unknown = generator.standard_normal((200, 4)), np.arange(200) % 4 == 0
    measures[unknown, 0] += 4
    name, areas = select_sum([(measures, unknown)])
    assert name == "cosine"
    assert areas["cosine"] > 0.98 > areas[DEFAULT_SUM]


def test_a_hardly_better_sum_is_not_selected():
    measures, unknown = np.tile(np.arange(40.0)[:, None], 4), np.arange(40) >= 30
    assert select_sum([(measures, unknown)])[0] == DEFAULT_SUM


@pytest.mark.parametrize("rejection", [0.05, 0.2])
def test_the_threshold_rejects_no_more_than_allowed(rejection):
    generator = np.random.default_rng(0)
    share = [
        np.mean(
            generator.standard_normal(500) > rejection_threshold(generator.standard_normal(99), np.ones(99), rejection)
        )
        for _ in range(200)
    ]
    assert rejection * 0.8 < np.mean(share) <= rejection * 1.1


def test_the_threshold_of_few_pictures_is_the_largest_score():
    assert rejection_threshold(np.array([3.0, 1.0, 2.0]), np.ones(3), 0.05) == 3


def test_the_threshold_uses_sample_weights():
    scores = np.arange(100.0)
    once = rejection_threshold(scores, np.ones(100), 0.1)
    twice = rejection_threshold(np.repeat(scores, 2), np.full(200, 0.5), 0.1)
    assert twice == once


@pytest.mark.parametrize("values", [[], [3.0], [2.0, 2.0, 2.0], [1.0, -np.inf, 1.0, np.inf, 0.0, -0.0, 1e300]])
def test_the_ranks_are_those_of_scipy(values):
    assert average_ranks(np.array(values)).tolist() == stats.rankdata(values).tolist()


def test_the_ranks_of_many_equal_values_are_those_of_scipy():
    values = np.random.default_rng(0).normal(size=3000).round(2)
    assert average_ranks(values).tolist() == stats.rankdata(values).tolist()
