"""Features and labels to probabilities: fit, temperature, ordinal."""

from discern.heads.baselines import baselines
from discern.heads.config import HeadConfig
from discern.heads.fitted import CrossFit, FittedHead, answer_in_blocks
from discern.heads.fitting import HeadFitter
from discern.heads.opinions import Opinions, form_opinions

__all__ = [
    "CrossFit",
    "FittedHead",
    "HeadConfig",
    "HeadFitter",
    "Opinions",
    "answer_in_blocks",
    "baselines",
    "form_opinions",
]
