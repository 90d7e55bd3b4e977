"""Model bundle: one file that can be written, verified, loaded and run."""

from discern.bundle.manifest import Manifest
from discern.bundle.model import Model, Verification, load, verify
from discern.bundle.picture_input import Picture
from discern.bundle.prediction import DisplayName, LabelNames, Prediction, Thresholds, decide_all
from discern.bundle.prediction_message import Decision
from discern.bundle.prediction_sets import label_sets, median_label, order_scale
from discern.bundle.runtime import TELEMETRY_MAY_BE_ON, Runtime, open_runtime
from discern.bundle.seen_pictures import PictureHashes, SeenPictures
from discern.bundle.write import record_golden, write_bundle

__all__ = [
    "TELEMETRY_MAY_BE_ON",
    "Decision",
    "DisplayName",
    "LabelNames",
    "Manifest",
    "Model",
    "Picture",
    "PictureHashes",
    "Prediction",
    "Runtime",
    "SeenPictures",
    "Thresholds",
    "Verification",
    "decide_all",
    "label_sets",
    "load",
    "median_label",
    "open_runtime",
    "order_scale",
    "record_golden",
    "verify",
    "write_bundle",
]
