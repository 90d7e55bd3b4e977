"""From parts and a config to a bundle; same seed, same result."""

from discern.training.accept_policy import AcceptPolicy, choose_policy
from discern.training.config import TrainConfig
from discern.training.fit import AppliedFixes, FitResult, HeldOutPredictions, TrainingData, fit, tabulate
from discern.training.label_predictions import predict_for_label_checks
from discern.training.learning_curve import compute_learning_curve
from discern.training.pack import Provenance, pack
from discern.training.run_metrics import compute_metrics

__all__ = [
    "AcceptPolicy",
    "AppliedFixes",
    "FitResult",
    "HeldOutPredictions",
    "Provenance",
    "TrainConfig",
    "TrainingData",
    "choose_policy",
    "compute_learning_curve",
    "compute_metrics",
    "fit",
    "pack",
    "predict_for_label_checks",
    "tabulate",
]
