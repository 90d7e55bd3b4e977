"""Small charts as inline SVG: they need no script, scale with the page and print."""

from discern.reporting.charts.bars import hundred, interval_track, paired_bars, stacked_bar
from discern.reporting.charts.curves import learning_curve, promise_curve, reliability_curve
from discern.reporting.charts.matrix import heat_map
from discern.reporting.charts.scores import score_histogram
from discern.reporting.charts.svg import Frame, tag, ticks

__all__ = [
    "Frame",
    "heat_map",
    "hundred",
    "interval_track",
    "learning_curve",
    "paired_bars",
    "promise_curve",
    "reliability_curve",
    "score_histogram",
    "stacked_bar",
    "tag",
    "ticks",
]
