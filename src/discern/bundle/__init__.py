"""The model as a file: write, verify, describe, run (`Runtime`), decide; `Model` and `Prediction` live here."""

from discern.bundle.runtime import OnnxRuntime, Runtime

__all__ = ["OnnxRuntime", "Runtime"]
