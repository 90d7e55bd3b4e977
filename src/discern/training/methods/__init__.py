"""Methods for training image classifiers.

Each method fits a classifier and gives a finished graph with held-out predictions.

`base` defines the interface; `method_registry` creates methods by name; every other module is one method, tested by
`training.testing.MethodContract`.
"""

from discern.training.methods.base import FitResult, Method
from discern.training.methods.method_registry import METHODS, make_method
from discern.training.methods.probe import Probe, ProbeResult

__all__ = ["METHODS", "FitResult", "Method", "Probe", "ProbeResult", "make_method"]
