"""The floor excludes every bin of confidences with more than four times the allowed errors, and all below one half."""

import numpy as np
import pytest

from discern.heads.policy.confidence_floor import fit_confidence_floor


def binned(*rates: float, each: int = 100) -> tuple[np.ndarray, np.ndarray]:
    """Predictions in bins from 0.5 upward, with the given error rates."""
    place = np.repeat(np.arange(len(rates)), each)
    confidence = 0.5 + 0.05 * place + 0.05 * (np.arange(len(place)) % each) / each
    return confidence, np.arange(len(place)) % each >= np.array(rates)[place] * each


def test_no_floor_is_below_one_half() -> None:
    assert fit_confidence_floor(np.linspace(0, 1, 500), np.ones(500, bool), risk=0.05) == 0.5
    assert fit_confidence_floor(np.zeros(0), np.zeros(0, bool), risk=0.05) == 0.5


@pytest.mark.parametrize(("risk", "floor"), [(0.05, 0.65), (0.1, 0.6), (0.2, 0.55), (0.25, 0.5)])
def test_the_floor_is_above_the_bins_with_too_many_errors(risk: float, floor: float) -> None:
    predictions = binned(0.9, 0.5, 0.3, 0.1, 0, 0, 0, 0, 0, 0)
    assert fit_confidence_floor(*predictions, risk=risk) == floor


def test_a_bad_bin_above_good_ones_counts() -> None:
    assert fit_confidence_floor(*binned(0, 0, 0, 0, 0, 0, 0.3, 0, 0, 0), risk=0.05) == 0.85
    assert fit_confidence_floor(*binned(0, 0, 0, 0, 0, 0, 0, 0, 0, 0.3), risk=0.05) == 1.0


def test_a_share_of_exactly_four_times_the_limit_is_allowed() -> None:
    assert fit_confidence_floor(*binned(0.2, 0.2, 0, 0, 0, 0, 0, 0, 0, 0), risk=0.05) == 0.5


def test_a_sparse_bin_is_joined_by_those_below() -> None:
    confidence = np.array([0.92, *[0.87] * 9, *[0.62] * 20])
    correct = np.array([False, *[True] * 9, *[False] * 20])
    assert fit_confidence_floor(confidence, correct, risk=0.05) == 0.65
    assert fit_confidence_floor(confidence[:10], correct[:10], risk=0.02) == 0.95


def test_a_floor_is_next_to_the_wrong_pictures() -> None:
    confidence = np.array([*[0.98] * 50, *[0.72] * 3])
    assert fit_confidence_floor(confidence, confidence > 0.9, risk=0.1) == 0.75


def test_unknown_pictures_and_copies_do_not_count() -> None:
    confidence, correct = binned(0.5, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    assert fit_confidence_floor(confidence, correct, risk=0.05, known=correct) == 0.5
    assert fit_confidence_floor(confidence, correct, risk=0.05, weights=np.where(correct, 1.0, 0.25)) == 0.5
