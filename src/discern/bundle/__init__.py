"""The model as a file: write, verify, describe, run (`Runtime`), decide; `Model` and `Prediction` live here."""

from discern.bundle.graph import attach_head
from discern.bundle.manifest import Manifest
from discern.bundle.model import Model, Picture, Verification, load, verify
from discern.bundle.prediction import Decision, Prediction, Thresholds
from discern.bundle.runtime import OnnxRuntime, Runtime
from discern.bundle.writing import write_bundle

__all__ = [
    "Decision",
    "Manifest",
    "Model",
    "OnnxRuntime",
    "Picture",
    "Prediction",
    "Runtime",
    "Thresholds",
    "Verification",
    "attach_head",
    "load",
    "verify",
    "write_bundle",
]
