"""The estimate follows the confidence, corrected as the reference suggests."""

from dataclasses import replace

import numpy as np
import pytest

from discern.bundle.reference_pictures import ReferencePictures
from discern.watching.drift.label_free_accuracy import estimate_accuracy
from tests.unit.watching.drift.factories import make_reference


def overconfident(gap: float) -> ReferencePictures:
    """Make a reference whose accuracy is lower than its confidence, which is uniform in [.5, 1]."""
    random = np.random.default_rng(0)
    reference = make_reference(2000)
    signals = reference.signals.copy()
    signals[:, 1] = random.uniform(0.5, 1, 2000)
    is_right = random.random(2000) < signals[:, 1] - gap
    return replace(reference, signals=signals, is_right=is_right, accuracy=float(is_right.mean()))


@pytest.mark.parametrize("gap", [0.0, 0.1, 0.2])
@pytest.mark.parametrize("low", [0.5, 0.8])
def test_the_estimate_is_near_the_accuracy_for_other_mixes_of_easy_and_hard_pictures(gap: float, low: float) -> None:
    confidence = np.random.default_rng(1).uniform(low, 1, 3000)
    found = estimate_accuracy(confidence, overconfident(gap))
    assert found is not None
    assert found["value"] == pytest.approx((low + 1) / 2 - gap, abs=0.03)
    assert found["reference"] == pytest.approx(0.75 - gap, abs=0.03)


def test_nothing_is_estimated_without_a_confidence() -> None:
    assert estimate_accuracy(np.full(3, np.nan), make_reference()) is None
    assert estimate_accuracy(np.empty(0), make_reference()) is None


def test_the_estimate_is_a_share() -> None:
    found = estimate_accuracy(np.array([1.0, np.nan, 1.0]), replace(overconfident(0.0), is_right=np.ones(2000, bool)))
    assert found is not None
    assert 0.9 < found["value"] <= 1
