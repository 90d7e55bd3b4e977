"""A linear head computes a softmax of affine logits, and rejects arrays that do not fit."""

from dataclasses import replace

import numpy as np
import pytest

from discern.bundle.heads import ABSENT, LinearHead, unit_blocks
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


def test_probabilities_are_a_softmax_of_affine_logits(head, features):
    expected = unit_blocks(features, SPANS) @ head.weight + head.bias
    np.testing.assert_allclose(head.logits(features), expected)
    probabilities = head.probabilities(features)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(probabilities.argmax(axis=1), expected.argmax(axis=1))


def test_the_map_weight_is_that_of_the_first_block(head):
    np.testing.assert_array_equal(head.map_weight, head.weight[:4])


def test_mean_evidence_is_what_the_first_block_adds_to_each_logit(head, features):
    places = np.random.default_rng(3).standard_normal((5, 2, 2, 4)).astype(np.float32)
    places += (features[:, :4] - places.mean(axis=(1, 2)))[:, None, None]
    added = unit_blocks(features, SPANS)[:, :4] @ head.map_weight
    np.testing.assert_allclose(head.evidence(features, places).mean(axis=(1, 2)), added, atol=1e-5)


def test_uncalibrated_logits_are_larger_except_for_absent_classes(head, features):
    assert head.classes == 3
    raw = replace(head, weight=head.weight * 4, bias=head.bias * 4).probabilities(features)
    np.testing.assert_allclose(head.uncalibrated(features, 4.0), raw, atol=1e-6)
    weight, bias = head.weight.copy(), head.bias.copy()
    weight[:, 1], bias[1] = 0, ABSENT
    assert (replace(head, weight=weight, bias=bias).uncalibrated(features, 0.01)[:, 1] < 1e-5).all()


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
        {"centre": np.zeros(5, np.float32)},
        {"centre": np.full(6, np.inf, np.float32)},
        {"correction": 0.0},
        {"correction": -1.0},
        {"correction": np.nan},
        {"correction": np.inf},
    ],
)
def test_heads_that_do_not_fit_are_rejected(head, change):
    with pytest.raises(BundleError):
        replace(head, **change)


def test_features_of_another_width_are_rejected(head):
    with pytest.raises(BundleError, match=r"\[N, 6\]"):
        head.logits(np.zeros((2, 5)))


def test_a_centred_head_reads_the_later_blocks_minus_their_centre(head, features):
    centre = np.array([0, 0, 0, 0, 0.5, -0.3], np.float32)
    centred = replace(head, centre=centre)
    expected = unit_blocks(features, SPANS, centre) @ head.weight + head.bias
    np.testing.assert_allclose(centred.logits(features), expected)
    places = np.random.default_rng(3).standard_normal((5, 2, 2, 4)).astype(np.float32)
    np.testing.assert_array_equal(centred.evidence(features, places), head.evidence(features, places))


def test_a_correction_sharpens_probabilities_alone(head, features):
    sharper = replace(head, correction=0.5)
    shares = head.probabilities(features).astype(np.float64) ** 2
    np.testing.assert_allclose(
        sharper.probabilities(features), shares / shares.sum(axis=1, keepdims=True), rtol=1e-4, atol=1e-7
    )
    np.testing.assert_array_equal(sharper.logits(features), head.logits(features))
    np.testing.assert_array_equal(sharper.uncalibrated(features, 2.0), head.uncalibrated(features, 4.0))


@pytest.mark.parametrize("correction", [0.5, 2.0])
def test_a_correction_keeps_absent_classes_improbable(head, features, correction):
    weight, bias = head.weight.copy(), head.bias.copy()
    weight[:, 1], bias[1] = 0, ABSENT
    absent = replace(head, weight=weight, bias=bias, correction=correction).probabilities(features)[:, 1]
    assert (absent > 0).all()
    assert (absent < 1e-5).all()
