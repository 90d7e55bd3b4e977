"""Training methods: each fits a classifier and returns a finished graph with held-out predictions.

`base` defines the interface; every other module is one method. `training.testing.MethodContract` tests it.
"""

from discern.training.methods.base import FitResult, Method
from discern.training.methods.probe import Probe, ProbeResult

__all__ = ["FitResult", "Method", "Probe", "ProbeResult"]
