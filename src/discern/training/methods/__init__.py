"""Training methods for picture classifiers.

Each method fits a classifier and gives a finished graph with held-out predictions.

`base` states what a method gives; every other module is one method. `training.testing.MethodContract` tests it.
"""

from discern.training.methods.base import FitResult, Method
from discern.training.methods.probe import Probe, ProbeResult

__all__ = ["FitResult", "Method", "Probe", "ProbeResult"]
