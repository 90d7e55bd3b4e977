"""Evaluation metrics with confidence intervals, computed from given predictions.

`evaluate_predictions` and its siblings compute them; `Metrics` is the typed form of a run's `metrics.json`.
"""

from discern.evaluating.calibration import Calibration, CalibrationError, ReliabilityBin, evaluate_calibration
from discern.evaluating.classification_metrics import (
    ClassificationMetrics,
    ClassMetrics,
    ConfusedPair,
    evaluate_predictions,
)
from discern.evaluating.compared_models import AnswerCost, ComparedModel, ComparedPair, TrainTime
from discern.evaluating.count_metrics import CountMetrics, evaluate_counts
from discern.evaluating.difference_text import describe_points, format_points
from discern.evaluating.epoch_metrics import EpochMetrics, read_epochs
from discern.evaluating.intervals import NO_PICTURES, Interval, evaluate_share, paired_difference
from discern.evaluating.metrics_schema import (
    AccuracyDifference,
    AccuracyMetrics,
    FixMetrics,
    LeakFreeAccuracy,
    LearningCurve,
    LearningCurveAdvice,
    LearningCurvePoint,
    Metrics,
    NegativeMetrics,
    SplitMetrics,
    UnknownThreshold,
)
from discern.evaluating.ordinal_metrics import OrderedLabelMetrics, OrdinalMetrics, evaluate_ordinal
from discern.evaluating.policy_metrics import GroupError, OfferedLimit, PolicyMetrics, RiskCurveMetrics
from discern.evaluating.prediction_set_metrics import (
    ClassCoverage,
    ConformalMetrics,
    PredictionSetMetrics,
    evaluate_prediction_sets,
)
from discern.evaluating.simplest_model import (
    Evidence,
    ModelChoice,
    ModelPair,
    choose_model,
    compare_classes,
    compare_pairs,
    count_needed,
    is_within,
)
from discern.evaluating.unknown_detection import UnknownMetrics, evaluate_unknown_detection

__all__ = [
    "NO_PICTURES",
    "AccuracyDifference",
    "AccuracyMetrics",
    "AnswerCost",
    "Calibration",
    "CalibrationError",
    "ClassCoverage",
    "ClassMetrics",
    "ClassificationMetrics",
    "ComparedModel",
    "ComparedPair",
    "ConformalMetrics",
    "ConfusedPair",
    "CountMetrics",
    "EpochMetrics",
    "Evidence",
    "FixMetrics",
    "GroupError",
    "Interval",
    "LeakFreeAccuracy",
    "LearningCurve",
    "LearningCurveAdvice",
    "LearningCurvePoint",
    "Metrics",
    "ModelChoice",
    "ModelPair",
    "NegativeMetrics",
    "OfferedLimit",
    "OrderedLabelMetrics",
    "OrdinalMetrics",
    "PolicyMetrics",
    "PredictionSetMetrics",
    "ReliabilityBin",
    "RiskCurveMetrics",
    "SplitMetrics",
    "TrainTime",
    "UnknownMetrics",
    "UnknownThreshold",
    "choose_model",
    "compare_classes",
    "compare_pairs",
    "count_needed",
    "describe_points",
    "evaluate_calibration",
    "evaluate_counts",
    "evaluate_ordinal",
    "evaluate_prediction_sets",
    "evaluate_predictions",
    "evaluate_share",
    "evaluate_unknown_detection",
    "format_points",
    "is_within",
    "paired_difference",
    "read_epochs",
]
