"""The model as a file: write, verify, describe, run (`Runtime`), decide; `Model` and `Prediction` live here."""

from discern.bundle.decoding import label_sets, median_label, order_scale
from discern.bundle.graph import attach_head
from discern.bundle.manifest import Manifest
from discern.bundle.model import Model, Picture, Verification, load, verify
from discern.bundle.prediction import Decision, Language, Prediction, Thresholds, Words, decide_all
from discern.bundle.runtime import TELEMETRY_MAY_BE_ON, OnnxRuntime, Runtime
from discern.bundle.writing import write_bundle

__all__ = [
    "TELEMETRY_MAY_BE_ON",
    "Decision",
    "Language",
    "Manifest",
    "Model",
    "OnnxRuntime",
    "Picture",
    "Prediction",
    "Runtime",
    "Thresholds",
    "Verification",
    "Words",
    "attach_head",
    "decide_all",
    "label_sets",
    "load",
    "median_label",
    "order_scale",
    "verify",
    "write_bundle",
]
