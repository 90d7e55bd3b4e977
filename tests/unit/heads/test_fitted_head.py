"""Fitted head: predictions for any number of pictures, before and after temperature scaling."""

from dataclasses import replace

import numpy as np
import pytest

from discern.bundle.heads import ABSENT, LinearHead
from discern.heads import HeadConfig, HeadFitter
from discern.heads.feature_space import BLOCK
from discern.heads.lda import LinearFit


@pytest.fixture(scope="module")
def fitted(make, blocks):
    made = make(80, 3)
    return HeadFitter(made.features, made.labels, made.fold, classes=3, blocks=blocks).fit()


def test_many_pictures_are_predicted_in_blocks(fitted):
    features = np.random.default_rng(0).standard_normal((BLOCK + 3, 48)).astype(np.float32)
    probabilities, scores = fitted.probabilities(features), fitted.unknown_score(features)
    assert probabilities.shape == (BLOCK + 3, 3)
    np.testing.assert_allclose(probabilities[-3:], fitted.probabilities(features[-3:]), atol=1e-5)
    np.testing.assert_allclose(scores[-3:], fitted.unknown_score(features[-3:]), atol=1e-4)


def test_features_may_be_read_lazily(fitted):
    class Lazy:
        """Rows read on access, as from a cache."""

        def __init__(self, rows: np.ndarray) -> None:
            self.rows, self.shape, self.read = rows, rows.shape, 0

        def __len__(self) -> int:
            return len(self.rows)

        def __getitem__(self, key: np.ndarray) -> np.ndarray:
            self.read += 1
            return self.rows[key]

    rows = np.random.default_rng(0).standard_normal((10, 48)).astype(np.float32)
    lazy = Lazy(rows)
    np.testing.assert_array_equal(fitted.probabilities(lazy), fitted.probabilities(rows))
    assert lazy.read == 1


def test_the_temperature_changes_the_confidence_and_not_the_label(fitted):
    features = np.random.default_rng(1).standard_normal((50, 48)).astype(np.float32)
    calibrated, raw = fitted.probabilities(features), fitted.uncalibrated(features)
    np.testing.assert_array_equal(calibrated.argmax(axis=1), raw.argmax(axis=1))
    more_confident = raw.max(axis=1) >= calibrated.max(axis=1) - 1e-6
    assert more_confident.all() if fitted.temperature > 1 else not more_confident.all()


def test_an_absent_class_is_improbable_at_any_temperature(fitted):
    generator = np.random.default_rng(1)
    present = np.array([True, False, True])
    linear = LinearFit.centred(9 * generator.standard_normal((48, 2)), generator.standard_normal(2), present)
    bias = np.where(present, linear.bias, ABSENT)
    head = LinearHead(spans=fitted.head.spans, weight=linear.weight.astype(np.float32), bias=bias.astype(np.float32))
    features = generator.standard_normal((20, 48)).astype(np.float32)
    for temperature in (0.01, 100.0):
        raw = replace(fitted, head=head, temperature=temperature).uncalibrated(features)[:, 1]
        assert (raw >= 0).all()
        assert (raw < 1e-4).all()


def test_the_temperature_of_an_ordinal_head_scales_its_score(make_ordered, blocks):
    made = make_ordered(200, 4)
    config = HeadConfig(ordered=True)
    fitted = HeadFitter(made.features, made.labels, made.fold, classes=4, blocks=blocks, config=config).fit()
    assert fitted.chosen["head"].startswith("cumulative")
    calibrated, raw = fitted.probabilities(made.features), fitted.uncalibrated(made.features)
    hotter = replace(
        fitted.head,
        weight=fitted.head.weight * np.float32(fitted.temperature),
        thresholds=fitted.head.thresholds * np.float32(fitted.temperature),
    )
    np.testing.assert_allclose(raw, hotter.probabilities(made.features), atol=1e-6)
    below, raw_below = calibrated.cumsum(axis=1), raw.cumsum(axis=1)
    undecided = (np.abs(below - 0.5) < 1e-3).any(axis=1)
    np.testing.assert_array_equal(below[~undecided] > 0.5, raw_below[~undecided] > 0.5)


def test_a_corrected_head_has_other_probabilities_and_the_same_unknown_score(fitted):
    features = np.random.default_rng(1).standard_normal((50, 48)).astype(np.float32)
    sharper = fitted.corrected(0.8)
    assert (sharper.probabilities(features).max(axis=1) >= fitted.probabilities(features).max(axis=1)).all()
    np.testing.assert_array_equal(sharper.unknown_score(features), fitted.unknown_score(features))
    np.testing.assert_allclose(sharper.uncalibrated(features), fitted.uncalibrated(features), atol=1e-6)
    assert sharper.temperature == pytest.approx(0.8 * fitted.temperature)
    assert sharper.chosen["temperature"] == sharper.temperature
    assert sharper.chosen["temperature_correction"] == 0.8
