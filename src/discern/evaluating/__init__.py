"""Turns (truth, answers) into honest figures with uncertainty. It measures given answers and fits nothing; training refits for the naive figure and the learning curve."""  # noqa: E501

from discern.evaluating.calibration import Calibration, ReliabilityBin, evaluate_calibration
from discern.evaluating.classification_metrics import (
    ClassificationMetrics,
    ClassMetrics,
    ConfusedPair,
    evaluate_predictions,
)
from discern.evaluating.intervals import Interval, evaluate_share, paired_difference
from discern.evaluating.ordinal_metrics import OrdinalMetrics, evaluate_ordinal
from discern.evaluating.prediction_set_metrics import PredictionSetMetrics, evaluate_prediction_sets
from discern.evaluating.unknown_detection import UnknownMetrics, evaluate_unknown_detection

__all__ = [
    "Calibration",
    "ClassMetrics",
    "ClassificationMetrics",
    "ConfusedPair",
    "Interval",
    "OrdinalMetrics",
    "PredictionSetMetrics",
    "ReliabilityBin",
    "UnknownMetrics",
    "evaluate_calibration",
    "evaluate_ordinal",
    "evaluate_prediction_sets",
    "evaluate_predictions",
    "evaluate_share",
    "evaluate_unknown_detection",
    "paired_difference",
]
