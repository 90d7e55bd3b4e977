"""An ordinal head computes the probabilities of the proportional-odds model from one score and its thresholds."""

from dataclasses import replace

import numpy as np
import pytest

from discern.bundle.heads import ABSENT, OrdinalHead, unit_blocks
from discern.errors import BundleError

SPANS = ((0, 4), (4, 6))


def make_head(*, present: tuple[bool, ...] = (True, True, True), thresholds: tuple[float, ...] = (-0.5, 1.0)):
    weight = np.random.default_rng(1).standard_normal(6).astype(np.float32)
    return OrdinalHead(
        spans=SPANS, weight=weight, thresholds=np.array(thresholds, np.float32), present=np.array(present)
    )


@pytest.fixture
def features() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((7, 6)).astype(np.float32)


def expected(head: OrdinalHead, features: np.ndarray) -> np.ndarray:
    """Differences of the cumulative probabilities, by definition, for the labels present in training."""
    score = unit_blocks(features, SPANS).astype(np.float64) @ head.weight
    below = 1 / (1 + np.exp(score[:, None] - head.thresholds))
    return np.diff(np.column_stack([np.zeros(len(score)), below, np.ones(len(score))]))


def test_probabilities_lie_between_the_thresholds(features):
    head = make_head()
    probabilities = head.probabilities(features)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities, expected(head, features), atol=1e-6)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize(
    "present", [(True, False, True, True), (False, True, True, True), (True, True, True, False, False)]
)
def test_absent_labels_get_almost_no_probability(features, present):
    head = make_head(present=present)
    probabilities = head.probabilities(features)
    trained = np.array(present)
    assert head.classes == len(present)
    assert (probabilities[:, ~trained] > 0).all()
    assert (probabilities[:, ~trained] <= np.exp(ABSENT)).all()
    np.testing.assert_allclose(probabilities[:, trained], expected(head, features), atol=1e-5)
    assert (head.uncalibrated(features, 5.0)[:, ~trained] <= np.exp(ABSENT)).all()


def test_logits_are_centred_over_present_labels_so_that_energy_reflects_confidence():
    head = replace(
        make_head(), weight=np.array([8, 0, 0, 0, 0, 0], np.float32), thresholds=np.array([-0.5, 0.5], np.float32)
    )
    features = np.array([[1, 0, 0, 0, 0, 1], [0, 1, 0, 0, 0, 1]], np.float32)
    logits = head.logits(features)
    np.testing.assert_allclose(logits.mean(axis=1), 0, atol=1e-6)
    far, between = np.log(np.exp(logits).sum(axis=1))
    assert far > between + 1


def test_a_larger_score_means_a_later_label(features):
    head = make_head()
    score = unit_blocks(features, SPANS) @ head.weight
    places = head.probabilities(features) @ np.arange(3)
    np.testing.assert_array_equal(np.argsort(places), np.argsort(score))


def test_scores_far_outside_stay_finite():
    head = replace(make_head(), weight=np.full(6, 1e4, np.float32), thresholds=np.array([0, 1e-3], np.float32))
    probabilities = head.probabilities(np.array([[1, 1, 1, 1, 1, 1], [-1, -1, -1, -1, -1, -1.0]]))
    np.testing.assert_allclose(probabilities, [[0, 0, 1], [1, 0, 0]], atol=1e-6)


def test_uncalibrated_score_and_thresholds_are_larger(features):
    head = make_head()
    raw = replace(head, weight=head.weight * 3, thresholds=head.thresholds * 3)
    np.testing.assert_allclose(head.uncalibrated(features, 3.0), raw.probabilities(features), atol=1e-6)


def test_evidence_is_the_change_of_logits_if_the_whole_picture_looked_like_one_place(features):
    head = make_head()
    places = np.random.default_rng(2).standard_normal((7, 2, 3, 4)).astype(np.float32)
    evidence = head.evidence(features, places)
    assert evidence.shape == (7, 2, 3, 3)
    rows = unit_blocks(features, SPANS)
    rest = rows[:, 4:] @ head.weight[4:]
    added = places[3, 1, 2] / np.linalg.norm(features[3, :4]) @ head.weight[:4]
    matrix, offset = head.softplus_map

    def logits(score: float) -> np.ndarray:
        above = score - head.thresholds
        return np.log1p(np.exp(np.concatenate([above, -above]))) @ matrix + offset

    np.testing.assert_allclose(evidence[3, 1, 2], logits(rest[3] + added) - logits(rest[3]), atol=1e-5)


def test_evidence_for_a_middle_label_is_largest_where_the_score_falls_into_it():
    head = replace(
        make_head(),
        spans=((0, 2),),
        weight=np.array([1, -1], np.float32),
        thresholds=np.array([2.0, 4.0], np.float32),
    )
    places = np.array([[[[-5, 0], [3, 0], [12, 0]]]], np.float32)
    evidence = head.evidence(np.array([[1.0, 0]]), places)[0, 0]
    assert evidence[:, 0].argmax() == 0
    assert evidence[:, 1].argmax() == 1
    assert evidence[:, 2].argmax() == 2
    assert evidence[1, 1] > 0


def test_a_blank_map_gives_no_evidence(features):
    evidence = make_head().evidence(features, np.zeros((7, 2, 2, 4), np.float32))
    np.testing.assert_allclose(evidence, 0, atol=1e-6)


@pytest.mark.parametrize(
    "change",
    [
        {"spans": ((0, 4), (5, 6))},
        {"weight": np.zeros(5, np.float32)},
        {"weight": np.zeros((6, 1), np.float32)},
        {"weight": np.full(6, np.nan, np.float32)},
        {"thresholds": np.array([1.0, 1.0], np.float32)},
        {"thresholds": np.array([1.0, 0.0], np.float32)},
        {"thresholds": np.array([0.0], np.float32)},
        {"present": np.array([True, False, False])},
        {"present": np.array([1, 1, 1])},
    ],
)
def test_heads_that_do_not_fit_are_rejected(change):
    with pytest.raises(BundleError):
        replace(make_head(), **change)


def test_a_centred_head_reads_the_later_blocks_minus_their_centre(features):
    centre = np.array([0, 0, 0, 0, 0.5, -0.3], np.float32)
    head = make_head()
    moved = unit_blocks(features, SPANS, centre)
    # The centred rows are their own unit-length blocks.
    np.testing.assert_allclose(replace(head, centre=centre).logits(features), head.logits(moved), atol=1e-5)


def test_a_correction_sharpens_probabilities_alone(features):
    head = make_head(present=(True, False, True, True))
    sharper = replace(head, correction=0.5)
    shares = head.probabilities(features)[:, [0, 2, 3]].astype(np.float64) ** 2
    expected = shares / shares.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(sharper.probabilities(features)[:, [0, 2, 3]], expected, rtol=1e-3, atol=1e-5)
    assert (sharper.probabilities(features)[:, 1] <= np.exp(ABSENT)).all()
    np.testing.assert_array_equal(sharper.logits(features), head.logits(features))
    np.testing.assert_array_equal(sharper.uncalibrated(features, 2.0), head.uncalibrated(features, 4.0))


@pytest.mark.parametrize("change", [{"centre": np.zeros(5, np.float32)}, {"correction": 0.0}])
def test_a_centre_or_correction_that_does_not_fit_is_rejected(change):
    with pytest.raises(BundleError):
        replace(make_head(), **change)
