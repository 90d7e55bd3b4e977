"""Properties of charts, formatted numbers and sentences for any input."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discern.evaluating import Metrics, PolicyMetrics, ReliabilityBin, RiskCurveMetrics
from discern.reporting import PredictionTable, charts, formatting
from discern.reporting.sections.accept_policy_section import outcomes_per_hundred
from discern.reporting.sections.next_steps import next_steps
from discern.reporting.verdict import notes, sentences

shares = st.floats(0, 1)
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"))


@given(shares, st.integers(0, 3))
def test_percent_is_the_share(share, digits):
    shown = float(formatting.percent(share, digits=digits).split("\N{NO-BREAK SPACE}")[0])
    assert shown == pytest.approx(100 * share, abs=1.01 * 10**-digits)
    assert shown < 100 or share == 1


@given(st.floats(-1, 1))
def test_percentage_points_have_the_right_sign(share):
    shown = formatting.percentage_points(share)
    assert shown.startswith("+") == (round(100 * share, 1) > 0)
    assert shown.startswith(formatting.MINUS) == (round(100 * share, 1) < 0)


@settings(deadline=None, max_examples=40)
@given(texts, texts)
def test_a_tag_holds_any_text(content, value):
    element = ET.fromstring(str(charts.tag("text", content, aria_label=value)))
    assert (element.text or "") == content
    assert element.get("aria-label") == value


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(allow_nan=True, width=32), min_size=1, max_size=50), st.none() | st.floats(-1e6, 1e6))
def test_any_scores_can_be_drawn(scores, threshold):
    finite = np.array(scores, dtype=np.float64)
    if not np.isfinite(finite).any():
        finite = np.append(finite, 0.0)
    svg = ET.fromstring(str(charts.score_histogram(finite, threshold)))
    tall = [float(each.get("height")) for each in svg.iter("rect")]
    assert all(0 <= each <= 130 for each in tall)
    assert max(tall) == pytest.approx(130)


@given(st.lists(st.tuples(shares, shares), max_size=15))
def test_any_reliability_curve_stays_in_its_square(points):
    bins = [ReliabilityBin(confidence=x, accuracy=y, pictures=1) for x, y in points]
    svg = ET.fromstring(str(charts.reliability_curve(bins)))
    for dot in svg.iter("circle"):
        assert 60 <= float(dot.get("cx")) <= 320
        assert 12 <= float(dot.get("cy")) <= 272


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 25), st.integers(0, 1000))
def test_any_confusion_can_be_drawn(size, seed):
    confusion = np.random.default_rng(seed).integers(0, 3, (size, size)).astype(float)
    svg = ET.fromstring(str(charts.heat_map(confusion)))
    drawn = "".join(each.get("d") for each in svg.iter("path"))
    assert drawn.count("M") == np.count_nonzero(confusion)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 60), st.integers(1, 5), st.integers(0, 2**32 - 1), st.integers(0, 30))
def test_most_confident_errors_are_wrong_and_distinct(size, classes, seed, most):
    random = np.random.default_rng(seed)
    probabilities = random.dirichlet(np.ones(classes), size)
    predictions = PredictionTable(
        rows=np.arange(size),
        truth=random.integers(0, classes, size),
        probabilities=probabilities,
        unknown_score=np.zeros(size),
        decision=np.full(size, "review"),
    )
    errors = predictions.most_confident_errors(most)
    wrong = int((predictions.predicted != predictions.truth).sum())
    assert len(errors) == len(set(errors)) == min(most, wrong)
    assert all(predictions.predicted[each] != predictions.truth[each] for each in errors)


intervals = st.none() | st.fixed_dictionaries(
    {"value": st.none() | shares}, optional={"low": st.none() | shares, "high": st.none() | shares, "note": texts}
)


@settings(deadline=None, max_examples=40)
@given(
    st.fixed_dictionaries({}, optional=dict.fromkeys(("leak_free", "naive", "given", "difference"), intervals)),
    st.dictionaries(texts, st.fixed_dictionaries({"value": shares}), max_size=3),
    st.dictionaries(texts, st.integers(0, 9), max_size=3),
)
def test_any_metrics_have_a_verdict(accuracy, baselines, findings):
    metrics = Metrics.from_json({"accuracy": accuracy, "baselines": baselines})
    verdict = sentences(metrics)
    assert 1 <= len(verdict) <= 2
    assert 1 <= len(next_steps(metrics, findings, {})) <= 5
    assert not any(word in sentence for sentence in verdict for word in ("None", "nan", "{", "}") if not baselines)
    notes(metrics, {}, ())


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.sampled_from(["accept", "review", "unknown"]), min_size=1, max_size=40),
    st.fixed_dictionaries({}, optional={"share": st.none() | shares, "picture_error": st.none() | shares}),
)
def test_outcomes_per_hundred_sum_to_100(decisions, policy):
    size = len(decisions)
    predictions = PredictionTable(
        rows=np.arange(size),
        truth=np.zeros(size, int),
        probabilities=np.ones((size, 1)),
        unknown_score=np.zeros(size),
        decision=decisions,
    )
    counts = outcomes_per_hundred(PolicyMetrics(**policy), predictions)
    assert sum(counts.values()) == 100
    assert min(counts.values()) >= 0
    assert abs(counts["unknown"] - 100 * decisions.count("unknown") / size) < 1.01


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(shares, shares, shares), min_size=1, max_size=30), st.floats(0.001, 0.5))
def test_any_risk_curve_can_be_drawn(points, max_error):
    share, error, high = zip(*sorted(points), strict=True)
    curve = RiskCurveMetrics(share=share, error=error, high=high)
    svg = ET.fromstring(str(charts.risk_curve(curve, max_error=max_error)))
    limit = next(each for each in svg.iter("line") if each.get("class") == "limit")
    assert 12 <= float(limit.get("y1")) <= 242


@settings(deadline=None, max_examples=60)
@given(shares, shares)
def test_ticks_are_few_round_and_inside(one, other):
    first, last = sorted((one, other))
    if last - first > 0.02:
        found = charts.ticks(first, last)
        assert 1 <= len(found) <= 7
        assert all(first - 1e-6 <= each <= last + 1e-6 for each in found)
