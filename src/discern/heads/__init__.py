"""Classification heads on frozen features: fitting, model selection, calibration and unknown detection."""

from discern.heads.baselines import baselines
from discern.heads.config import HeadConfig
from discern.heads.fitted_head import CrossFit, FittedHead, predict_in_blocks
from discern.heads.fold_predictions import predict_folds
from discern.heads.head_fitter import HeadFitter
from discern.heads.independent_controls import draw_control
from discern.heads.lookalike_clusters import GroupMeans, LookalikeTree
from discern.heads.nearest_learned import nearest_learned
from discern.heads.out_of_fold import OutOfFoldPredictions, predict_out_of_fold
from discern.heads.policy.confidence_floor import fit_confidence_floor
from discern.heads.policy.conformal import fit_prediction_sets
from discern.heads.policy.risk_control import Basis, RiskControl, fit_risk_control
from discern.heads.policy.strictest_limit import LIMITS, fit_strictest_limit
from discern.heads.principal_rows import principal_rows
from discern.heads.space_cache import SpaceCache
from discern.heads.subsample_predictions import subsample_predictions
from discern.heads.unknown.tuning import Negatives

__all__ = [
    "LIMITS",
    "Basis",
    "CrossFit",
    "FittedHead",
    "GroupMeans",
    "HeadConfig",
    "HeadFitter",
    "LookalikeTree",
    "Negatives",
    "OutOfFoldPredictions",
    "RiskControl",
    "SpaceCache",
    "baselines",
    "draw_control",
    "fit_confidence_floor",
    "fit_prediction_sets",
    "fit_risk_control",
    "fit_strictest_limit",
    "nearest_learned",
    "predict_folds",
    "predict_in_blocks",
    "predict_out_of_fold",
    "principal_rows",
    "subsample_predictions",
]
