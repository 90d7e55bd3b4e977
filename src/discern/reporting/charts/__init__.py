"""Functions that draw the charts of a report as inline SVG, without scripts."""

from discern.reporting.charts.bars import interval_plot, paired_bars, stacked_bar, waffle_chart
from discern.reporting.charts.curves import distance_curve, learning_curve, reliability_curve, risk_curve
from discern.reporting.charts.epochs import epoch_curves
from discern.reporting.charts.matrix import heat_map
from discern.reporting.charts.scores import score_histogram
from discern.reporting.charts.svg import Frame, tag, ticks

__all__ = [
    "Frame",
    "distance_curve",
    "epoch_curves",
    "heat_map",
    "interval_plot",
    "learning_curve",
    "paired_bars",
    "reliability_curve",
    "risk_curve",
    "score_histogram",
    "stacked_bar",
    "tag",
    "ticks",
    "waffle_chart",
]
