"""Runs a graph: the seam between a bundle and the engine that computes it."""

import os
import sys
from collections.abc import Mapping
from typing import Protocol

import numpy as np

from discern.errors import BundleDamaged

TELEMETRY_MAY_BE_ON = "onnxruntime" in sys.modules and os.environ.get("ORT_DISABLE_TELEMETRY") != "1"
"""True where the host program loaded ONNX Runtime before Discern could turn off its reports."""

# The only write to the environment that an import of Discern makes: from version 1.29 on ONNX Runtime reports to its
# maker unless this is set before it is loaded; its own `disable_telemetry_events` comes too late.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import onnxruntime as ort  # noqa: E402


class Runtime(Protocol):
    """Runs one graph."""

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Feed arrays by input name, get arrays by output name."""


class OnnxRuntime:
    """ONNX Runtime on the CPU.

    Args:
        graph: a serialised ONNX model.
        threads: how many cores one run may use; None lets the engine decide.

    Raises:
        BundleDamaged: the graph cannot be loaded.
    """

    def __init__(self, graph: bytes, *, threads: int | None = None) -> None:
        options = ort.SessionOptions()
        options.log_severity_level = 3
        if threads is not None:
            options.intra_op_num_threads = threads
            # Idle workers that spin would take the cores from the decoders beside them.
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise BundleDamaged(
                f"The model's graph cannot be loaded: {error}", hint="Get the file again from where it was made."
            ) from error
        self._outputs = [output.name for output in self._session.get_outputs()]

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the graph's outputs, in its order."""
        return tuple(self._outputs)

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Feed arrays by input name, get arrays by output name."""
        try:
            outputs = self._session.run(None, dict(inputs))
        except Exception as error:
            raise BundleDamaged(
                f"The model's graph cannot be run: {error}", hint="Get the file again from where it was made."
            ) from error
        return dict(zip(self._outputs, outputs, strict=True))
