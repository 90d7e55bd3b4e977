"""Tuning by negatives: no negative influences its own excess."""

import numpy as np
import pytest

from discern.bundle.heads import UnknownScorer
from discern.heads.unknown.score import DEFAULT_SUM, combine, rejection_threshold, standardise
from discern.heads.unknown.tuning import tune_unknown


@pytest.fixture
def scorer() -> UnknownScorer:
    """Scorer of two dimensions; the tests pass measures instead of pictures."""
    one, two = np.ones(4, np.float32), np.ones((2, 1), np.float16)
    return UnknownScorer(
        spans=((0, 2),),
        prototypes=two.T,
        scale=one[:2],
        centre=one[:2],
        within=two,
        directions=two,
        lengths=one[:1],
        mean=one * 0,
        spread=one,
        share=one / 4,
    )


def draw(count: int, middle: tuple[float, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(middle, 1.0, (count, 4))


KNOWN = draw(300, (0, 0, 0, 0), 1)
NEGATIVES = draw(80, (4, 0, 0, 0), 2)
ONES = np.ones(300)


def tune(scorer, known=KNOWN, negatives=NEGATIVES, groups=None):
    groups = np.arange(len(negatives)) if groups is None else groups
    return tune_unknown(scorer, known, np.ones(len(known)), negatives, groups, false_rejection=0.05)


def test_the_measure_that_separates_them_has_the_largest_weight(scorer):
    tuned = tune(scorer).scorer
    assert tuned.share.argmax() == 0
    assert tuned.share[0] > 0.6
    assert tuned.share.sum() == pytest.approx(1)
    assert (tuned.share >= 0).all()


def test_it_has_fewer_errors_than_without_negatives(scorer):
    plain = standardise(scorer, KNOWN, ONES, DEFAULT_SUM)
    strict = rejection_threshold(combine(plain, KNOWN), ONES, 0.05)
    new_known, new_unknown = draw(2000, (0, 0, 0, 0), 3), draw(2000, (4, 0, 0, 0), 4)
    before = np.mean(combine(plain, new_known) > strict) + np.mean(combine(plain, new_unknown) <= strict)
    tuned = tune(scorer)
    after = np.mean(combine(tuned.scorer, new_known) > tuned.t_unknown)
    after += np.mean(combine(tuned.scorer, new_unknown) <= tuned.t_unknown)
    assert after < before / 2


def test_no_more_known_pictures_are_rejected_than_allowed(scorer):
    near = draw(80, (0.3, 0, 0, 0), 5)
    tuned = tune(scorer, negatives=near)
    assert np.mean(combine(tuned.scorer, KNOWN) > tuned.t_unknown) <= 0.06


def test_a_negative_does_not_influence_its_own_excess(scorer):
    moved = NEGATIVES.copy()
    moved[7] = (-50, 0, 0, 0)
    groups = np.arange(80)
    before, after = tune(scorer).excess, tune(scorer, negatives=moved, groups=groups).excess
    same_fold = groups % 5 == 7 % 5
    same_fold[7] = False
    np.testing.assert_array_equal(before[same_fold], after[same_fold])
    assert after[7] < 0 < before[7]


def test_a_negative_does_not_influence_the_excess_of_its_group(scorer):
    groups = np.arange(80) // 4
    moved = NEGATIVES.copy()
    moved[4] = (-50, 0, 0, 0)
    before, after = tune(scorer, groups=groups).excess, tune(scorer, negatives=moved, groups=groups).excess
    np.testing.assert_array_equal(before[5:8], after[5:8])


def test_the_weights_of_few_negatives_are_shrunk(scorer):
    few = tune(scorer, negatives=NEGATIVES[:5]).scorer.share
    many = tune(scorer).scorer.share
    assert 0.25 < few[0] < many[0]


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_negatives_give_finite_results(scorer, count):
    tuned = tune(scorer, negatives=NEGATIVES[:count])
    assert np.isfinite(tuned.excess).all()
    assert np.isfinite(tuned.t_unknown)


def test_negatives_that_look_known_keep_the_default_weights(scorer):
    lookalikes = draw(200, (-2, -2, -2, -2), 6)
    tuned = tune(scorer, negatives=lookalikes)
    np.testing.assert_allclose(tuned.scorer.share, 0.25)
