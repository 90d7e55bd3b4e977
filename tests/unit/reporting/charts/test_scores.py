"""The histogram of unknown scores."""

import numpy as np
import pytest

from discern.reporting import charts
from tests.unit.reporting.factories import parse_svg


def test_scores_beyond_the_threshold_are_marked():
    svg = parse_svg(charts.score_histogram(np.linspace(0, 1, 100), 0.8))
    kinds = [each.get("class") for each in svg.iter("rect")]
    assert kinds.index("beyond") > kinds.index("within")
    assert 0.1 < kinds.count("beyond") / len(kinds) < 0.3
    assert any(each.get("class") == "limit" for each in svg.iter("line"))


@pytest.mark.parametrize("scores", [[1.0], [2.0, 2.0, 2.0], [0.0, np.inf, np.nan, 5.0]])
def test_degenerate_scores_can_be_drawn(scores):
    svg = parse_svg(charts.score_histogram(np.array(scores), None))
    assert not any(each.get("class") in ("limit", "beyond") for each in svg.iter())


def test_a_threshold_outside_the_scores_is_shown():
    svg = parse_svg(charts.score_histogram(np.array([0.0, 1.0]), 5.0))
    limit = next(each for each in svg.iter("line") if each.get("class") == "limit")
    assert 0 < float(limit.get("x1")) < 340


def test_negatives_are_drawn_below_the_known():
    svg = parse_svg(charts.score_histogram(np.linspace(0, 1, 100), 0.9, negatives=np.linspace(0.8, 2, 50)))
    bottoms = {each.get("y1") for each in svg.iter("line") if each.get("class") == "grid"}
    assert len(bottoms) == 2
    assert {"pictures of the known classes", "pictures of none of the classes"} <= {e.text for e in svg.iter("text")}
