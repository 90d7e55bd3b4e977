"""Features and labels to probabilities: fit, temperature, ordinal."""

from discern.heads.baselines import baselines
from discern.heads.config import HeadConfig
from discern.heads.conformal import fit_sets
from discern.heads.fitted import CrossFit, FittedHead, answer_in_blocks
from discern.heads.fitting import HeadFitter
from discern.heads.gate import Negatives
from discern.heads.growing import answer_with_less
from discern.heads.opinions import Opinions, form_opinions
from discern.heads.promise import Basis, Promise, fit_promise

__all__ = [
    "Basis",
    "CrossFit",
    "FittedHead",
    "HeadConfig",
    "HeadFitter",
    "Negatives",
    "Opinions",
    "Promise",
    "answer_in_blocks",
    "answer_with_less",
    "baselines",
    "fit_promise",
    "fit_sets",
    "form_opinions",
]
