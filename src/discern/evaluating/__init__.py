"""Turns (truth, answers) into honest figures with uncertainty. It measures given answers and fits nothing; training refits for the naive figure and the learning curve."""  # noqa: E501

from discern.evaluating.calibration import Calibration, ReliabilityBin, judge_confidence
from discern.evaluating.figures import ClassFigures, Figures, Mistaken, judge
from discern.evaluating.intervals import Interval, judge_share, paired_difference
from discern.evaluating.ordered import OrderedFigures, judge_ordered
from discern.evaluating.sets import SetFigures, judge_sets
from discern.evaluating.unknowns import UnknownFigures, judge_unknown

__all__ = [
    "Calibration",
    "ClassFigures",
    "Figures",
    "Interval",
    "Mistaken",
    "OrderedFigures",
    "ReliabilityBin",
    "SetFigures",
    "UnknownFigures",
    "judge",
    "judge_confidence",
    "judge_ordered",
    "judge_sets",
    "judge_share",
    "judge_unknown",
    "paired_difference",
]
