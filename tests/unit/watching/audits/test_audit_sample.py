"""Every reader draws the same sample, with known probabilities of which none is zero."""

import hashlib

import numpy as np
import pytest

from discern.errors import UsageError
from discern.watching.audits.audit_sample import AuditConfig, audit_probability, draw_uniform, measure_doubt

IDS = [f"{number:032x}" for number in range(4000)]


def test_the_doubt_is_largest_in_the_middle_and_where_a_confidence_is_undefined() -> None:
    doubt = measure_doubt(np.array([0.0, 0.5, 0.9, 1.0, np.nan, 1.2]))
    np.testing.assert_allclose(doubt, [0, 0.5, 0.3, 0, 0.5, 0], atol=1e-12)


def test_a_doubtful_prediction_is_more_likely_to_be_drawn() -> None:
    probability = audit_probability(np.array([0.5, 0.8, 0.99]), AuditConfig())
    assert probability[0] > probability[1] > probability[2]


def test_no_probability_is_zero_or_above_one() -> None:
    certain, doubtful = AuditConfig(share=0.02, even=0.25), AuditConfig(share=1.0, typical_doubt=0.05)
    assert audit_probability(np.array([1.0]), certain)[0] == pytest.approx(0.005)
    assert audit_probability(np.array([0.5, np.nan]), doubtful).max() == 1


def test_the_share_is_drawn_of_traffic_like_the_reference() -> None:
    confidence = np.random.default_rng(0).beta(8, 1, 4000)
    config = AuditConfig.for_confidences(confidence, share=0.1)
    assert audit_probability(confidence, config).mean() == pytest.approx(0.1, rel=0.01)
    assert np.mean(draw_uniform(IDS) < audit_probability(confidence, config)) == pytest.approx(0.1, abs=0.015)


def test_a_model_without_held_out_confidences_or_doubts_has_a_sample_as_well() -> None:
    for confidence in (np.zeros(0), np.ones(10)):
        assert AuditConfig.for_confidences(confidence).typical_doubt > 0


def test_the_draw_follows_from_the_identifier_alone() -> None:
    digest = hashlib.sha256(b"audit" + IDS[7].encode()).digest()
    assert draw_uniform([IDS[7]])[0] == pytest.approx(int.from_bytes(digest[:8], "big") / 2**64, abs=1e-15)
    np.testing.assert_array_equal(draw_uniform(np.array(IDS[:9], object))[::-1], draw_uniform(IDS[:9][::-1]))


def test_the_draws_are_uniform() -> None:
    counts, _ = np.histogram(draw_uniform(IDS), bins=10, range=(0, 1))
    assert counts.min() > 340
    assert counts.max() < 460


@pytest.mark.parametrize("values", [{"share": 0}, {"share": 1.1}, {"even": 0}, {"typical_doubt": 0}, {"share": np.nan}])
def test_a_sample_that_cannot_be_is_refused(values: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=next(iter(values)).replace("_", " ")):
        AuditConfig(**values)
