"""Classification heads on frozen features: fitting, model selection, calibration and unknown detection."""

from discern.heads.baselines import baselines
from discern.heads.config import HeadConfig
from discern.heads.fitted_head import CrossFit, FittedHead, predict_in_blocks
from discern.heads.head_fitter import HeadFitter
from discern.heads.out_of_fold import OutOfFoldPredictions, predict_out_of_fold
from discern.heads.policy.confidence_floor import fit_confidence_floor
from discern.heads.policy.conformal import fit_prediction_sets
from discern.heads.policy.risk_control import Basis, RiskControl, fit_risk_control
from discern.heads.policy.strictest_limit import LIMITS, fit_strictest_limit
from discern.heads.space_cache import SpaceCache
from discern.heads.subsample_predictions import subsample_predictions
from discern.heads.unknown.tuning import Negatives

__all__ = [
    "LIMITS",
    "Basis",
    "CrossFit",
    "FittedHead",
    "HeadConfig",
    "HeadFitter",
    "Negatives",
    "OutOfFoldPredictions",
    "RiskControl",
    "SpaceCache",
    "baselines",
    "fit_confidence_floor",
    "fit_prediction_sets",
    "fit_risk_control",
    "fit_strictest_limit",
    "predict_in_blocks",
    "predict_out_of_fold",
    "subsample_predictions",
]
