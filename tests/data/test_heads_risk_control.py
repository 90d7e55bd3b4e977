"""For any predictions, risk control bounds the error on its own data, and prediction sets are never empty."""

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from discern.bundle.prediction_sets import label_sets, median_label
from discern.heads.policy.conformal import fit_prediction_sets
from discern.heads.policy.risk_control import fit_risk_control

RISKS = st.sampled_from([0.02, 0.05, 0.1, 0.3])


@st.composite
def predictions(draw):
    """Arguments of `fit_risk_control` for up to 600 pictures."""
    size = draw(st.integers(0, 600))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    confidence = random.random(size).round(draw(st.integers(0, 6)))
    wrong = draw(st.floats(0, 0.5))
    return {
        "confidence": confidence,
        "correct": random.random(size) >= wrong * (1 - confidence),
        "groups": random.integers(0, max(1, size), size) // draw(st.integers(1, 3)),
        "known": random.random(size) < draw(st.floats(0, 1)),
        "weights": random.integers(0, 3, size) / 2,
    }


@st.composite
def probabilities_and_labels(draw):
    """Probabilities, true labels and groups of up to 80 pictures."""
    size, classes = draw(st.integers(1, 80)), draw(st.integers(2, 6))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    powers = np.exp(random.normal(size=(size, classes)) * draw(st.floats(0, 30)))
    probabilities = (powers / powers.sum(axis=1, keepdims=True)).astype(draw(st.sampled_from(["f4", "f8"])))
    return probabilities, random.integers(0, classes, size), random.integers(0, size, size)


@settings(max_examples=60, deadline=None)
@given(predictions(), RISKS)
def test_the_accepted_error_is_bounded(arguments, risk):
    control = fit_risk_control(**arguments, risk=risk)
    json.dumps(control.to_json(), allow_nan=False)
    assert (control.t_accept is None) == (control.needed is not None) == (control.high is None)
    if control.t_accept is None:
        assert control.needed >= 1
        return
    accepted = (arguments["confidence"] >= control.t_accept) & arguments["known"] & (arguments["weights"] > 0)
    groups = np.unique(arguments["groups"][accepted])
    wrong = np.unique(arguments["groups"][accepted & ~arguments["correct"]])
    assert (control.groups, control.wrong) == (len(groups), len(wrong))
    assert stats.binom.cdf(len(wrong), len(groups), risk) <= 0.05 + 1e-9


@settings(max_examples=60, deadline=None)
@given(predictions(), RISKS, st.integers(0, 10**6))
def test_one_error_less_never_lowers_the_accepted_share(arguments, risk, place):
    before = fit_risk_control(**arguments, risk=risk)
    better = arguments["correct"].copy()
    better[place % max(1, len(better)) :][:1] = True
    assert fit_risk_control(**(arguments | {"correct": better}), risk=risk).share >= before.share


@settings(max_examples=60, deadline=None)
@given(predictions())
def test_the_curve_is_monotonic(arguments):
    curve = fit_risk_control(**arguments).curve
    assert (np.diff(curve.t_accept) < 0).all()
    assert (np.diff(curve.share) >= -1e-12).all()
    assert (np.diff(curve.groups) > 0).all()
    assert (np.diff(curve.wrong) >= 0).all()


@settings(max_examples=60, deadline=None)
@given(probabilities_and_labels(), st.floats(0.02, 0.98))
def test_sets_cover_the_groups_that_they_were_fitted_on(arguments, coverage):
    probabilities, truth, groups = arguments
    sets = label_sets(probabilities, fit_prediction_sets(probabilities, truth, groups=groups, coverage=coverage))
    assert sets.any(axis=1).all()
    covered = sets[np.arange(len(truth)), truth]
    _, group, size = np.unique(groups, return_inverse=True, return_counts=True)
    assert np.sum(covered / size[group]) / len(size) >= coverage - 1e-9


@settings(max_examples=60, deadline=None)
@given(probabilities_and_labels(), st.floats(0.02, 0.97))
def test_more_coverage_needs_no_fewer_labels(arguments, coverage):
    probabilities, truth, groups = arguments
    less, more = (
        fit_prediction_sets(probabilities, truth, groups=groups, coverage=each) for each in (coverage, coverage + 0.01)
    )
    assert less >= more


@settings(max_examples=60, deadline=None)
@given(probabilities_and_labels())
def test_half_of_the_probability_is_at_or_below_the_median(arguments):
    probabilities, _, _ = arguments
    at_most = np.take_along_axis(probabilities.cumsum(axis=1, dtype="f8"), median_label(probabilities)[:, None], 1)
    assert (at_most >= 0.5 - 1e-5).all()
