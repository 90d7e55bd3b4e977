"""Methods for training image classifiers.

Each method fits a classifier and gives a finished graph with held-out predictions.

`base` defines the interface, and `method_registry` creates methods by name. `probe`, `torch_mlp`, `torch_scratch`,
`torch_finetune` and `auto` are methods, tested by `training.testing.MethodContract`. Those that train a network share
`torch_fits`, the networks in `networks` and the training loop in `loop`.
"""

from discern.training.methods.base import FitResult, Method
from discern.training.methods.method_registry import METHODS, make_method
from discern.training.methods.probe import Probe, ProbeResult

__all__ = ["METHODS", "FitResult", "Method", "Probe", "ProbeResult", "make_method"]
