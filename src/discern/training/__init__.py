"""Train a classifier on a split, evaluate its held-out predictions and pack them into a bundle.

The same seed gives the same result.
"""

from discern.training.accept_policy import LOOKALIKES_ONLY, AcceptPolicy, choose_policy
from discern.training.config import TrainConfig, plan_split
from discern.training.data import AppliedFixes, NegativePictures, TrainingData
from discern.training.durations import parse_duration
from discern.training.held_out_reference import make_reference
from discern.training.label_predictions import predict_for_label_checks
from discern.training.learning_curve import compute_learning_curve
from discern.training.method_config import DEFAULT_METHOD, FINETUNE, METHOD_NAMES, MethodConfig
from discern.training.method_presets import (
    CHOICES,
    DEFAULT_BACKBONE,
    PRESETS,
    ChosenMethod,
    beyond_preset,
    choose_method,
    explain_method,
    option_words,
)
from discern.training.methods import FitResult, Method, Probe, make_method
from discern.training.pack import Provenance, describe_backbone, pack
from discern.training.predictions import HeldOutPredictions, tabulate
from discern.training.run_metrics import compute_metrics
from discern.training.unlike_accuracy import compute_unlike

__all__ = [
    "CHOICES",
    "DEFAULT_BACKBONE",
    "DEFAULT_METHOD",
    "FINETUNE",
    "LOOKALIKES_ONLY",
    "METHOD_NAMES",
    "PRESETS",
    "AcceptPolicy",
    "AppliedFixes",
    "ChosenMethod",
    "FitResult",
    "HeldOutPredictions",
    "Method",
    "MethodConfig",
    "NegativePictures",
    "Probe",
    "Provenance",
    "TrainConfig",
    "TrainingData",
    "beyond_preset",
    "choose_method",
    "choose_policy",
    "compute_learning_curve",
    "compute_metrics",
    "compute_unlike",
    "describe_backbone",
    "explain_method",
    "make_method",
    "make_reference",
    "option_words",
    "pack",
    "parse_duration",
    "plan_split",
    "predict_for_label_checks",
    "tabulate",
]
