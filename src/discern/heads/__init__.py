"""Features and labels to probabilities: fit, temperature, ordinal."""

from discern.heads.baselines import baselines
from discern.heads.config import HeadConfig
from discern.heads.fitted import CrossFit, FittedHead, answer_in_blocks
from discern.heads.fitting import HeadFitter

__all__ = ["CrossFit", "FittedHead", "HeadConfig", "HeadFitter", "answer_in_blocks", "baselines"]
