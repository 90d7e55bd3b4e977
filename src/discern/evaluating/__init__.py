"""Turns (truth, answers) into honest figures with uncertainty. It measures given answers and fits nothing; training refits for the naive figure and the learning curve."""  # noqa: E501

from discern.evaluating.calibration import Calibration, ReliabilityBin, judge_confidence
from discern.evaluating.figures import ClassFigures, Figures, Mistaken, judge
from discern.evaluating.intervals import Interval, judge_share, paired_difference
from discern.evaluating.unknowns import UnknownFigures, judge_unknown

__all__ = [
    "Calibration",
    "ClassFigures",
    "Figures",
    "Interval",
    "Mistaken",
    "ReliabilityBin",
    "UnknownFigures",
    "judge",
    "judge_confidence",
    "judge_share",
    "judge_unknown",
    "paired_difference",
]
