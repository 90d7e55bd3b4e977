"""The model as a file: write, verify, describe, run (`Runtime`), decide; `Model` and `Prediction` live here."""

from discern.bundle.manifest import Manifest
from discern.bundle.model import Model, Picture, Verification, load, verify
from discern.bundle.onnx_graph import attach_head
from discern.bundle.prediction import Decision, DisplayName, LabelNames, Prediction, Thresholds, decide_all
from discern.bundle.prediction_sets import label_sets, median_label, order_scale
from discern.bundle.runtime import TELEMETRY_MAY_BE_ON, OnnxRuntime, Runtime
from discern.bundle.write import write_bundle

__all__ = [
    "TELEMETRY_MAY_BE_ON",
    "Decision",
    "DisplayName",
    "LabelNames",
    "Manifest",
    "Model",
    "OnnxRuntime",
    "Picture",
    "Prediction",
    "Runtime",
    "Thresholds",
    "Verification",
    "attach_head",
    "decide_all",
    "label_sets",
    "load",
    "median_label",
    "order_scale",
    "verify",
    "write_bundle",
]
