"""Inference engines that run the ONNX graph of a model."""

import ctypes
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Protocol
from weakref import WeakSet

import numpy as np

from discern.errors import BundleDamaged, UsageError

_VARIABLE = "ORT_DISABLE_TELEMETRY"


def _telemetry_may_be_on() -> bool:
    if "onnxruntime" not in sys.modules:
        return False
    if os.environ.get(_VARIABLE, "").strip().lower() not in ("1", "true", "yes", "y", "on"):
        return True
    return any(path.endswith("/.onnxruntime/onnxruntime.db") for path in _open_files())


def _open_files() -> Iterator[str]:
    for path in Path("/proc/self/fd").glob("*"):  # on Linux only
        with suppress(OSError):
            yield str(path.readlink())


TELEMETRY_MAY_BE_ON = _telemetry_may_be_on()
"""True if the host program imported ONNX Runtime before Discern could disable its telemetry.

ONNX Runtime reads the variable once, on import. Set later it has no effect, which only the open file of reports shows.
"""

# The only environment variable that importing Discern sets: from version 1.29 on ONNX Runtime sends telemetry to its
# maker unless this is set before it is imported; its own `disable_telemetry_events` has no effect on import.
os.environ[_VARIABLE] = "1"
import onnxruntime as ort  # noqa: E402

_HINT = "Get the file again from its source."


class Runtime(Protocol):
    """Protocol of an inference engine with one loaded ONNX graph.

    `discern.bundle.testing.RuntimeContract` tests an implementation.
    """

    @property
    def precision(self) -> str:
        """Return the numeric format of the computation, such as "float32".

        It selects the tolerance for golden vectors.
        """

    @property
    def input_shapes(self) -> Mapping[str, tuple[int | None, ...]]:
        """Return the shape of each input by name, with None for lengths that vary."""

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Run the graph on input arrays given by name, safely from several threads.

        Args:
            inputs: arrays by input name.

        Returns:
            Arrays by output name, in the graph's order.

        Raises:
            BundleDamaged: the graph cannot be run on these inputs.
        """


class OnnxRuntime:
    """Inference engine that runs an ONNX graph on the CPU with ONNX Runtime.

    Args:
        graph: a serialised ONNX model.
        threads: number of cores that one run may use; None lets the engine decide.

    Raises:
        BundleDamaged: the graph cannot be loaded.
    """

    precision = "float32"

    def __init__(self, graph: bytes, *, threads: int | None = None) -> None:
        self._graph, self._threads = graph, threads
        self._session: ort.InferenceSession | None = self._open()
        self.input_shapes: Mapping[str, tuple[int | None, ...]] = {
            each.name: tuple(length if isinstance(length, int) else None for length in each.shape)
            for each in self._session.get_inputs()
        }
        self._outputs = [output.name for output in self._session.get_outputs()]
        _runtimes.add(self)

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Run the graph on input arrays given by name (see `Runtime.run`)."""
        session = self._session
        if session is None:  # in a forked process
            session = self._session = self._open()
        try:
            outputs = session.run(None, dict(inputs))
        except Exception as error:
            raise BundleDamaged(f"The model's graph cannot be run: {error}", hint=_HINT) from error
        return dict(zip(self._outputs, outputs, strict=True))

    def abandon_session(self) -> None:
        """Leave the parent's session alone in a forked process, so that the next run opens another.

        The session's threads do not exist here: a run may wait for them, and its destructor waits forever. So it is
        kept alive until the process has ended.
        """
        if self._session is not None:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._session))
            self._session = None

    def _open(self) -> ort.InferenceSession:
        options = ort.SessionOptions()
        options.log_severity_level = 4  # what fails is raised as well
        if self._threads is not None:
            options.intra_op_num_threads = self._threads
        # Idle workers that spin would take the cores from the threads that decode pictures, and from other processes.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            return ort.InferenceSession(self._graph, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise BundleDamaged(f"The model's graph cannot be loaded: {error}", hint=_HINT) from error


_runtimes: WeakSet[OnnxRuntime] = WeakSet()


def _abandon_sessions() -> None:
    for runtime in list(_runtimes):
        runtime.abandon_session()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_abandon_sessions)


RUNTIMES: Mapping[str, Callable[..., Runtime]] = MappingProxyType({"onnxruntime": OnnxRuntime})
"""Engines by name; each is called with the graph and `threads`."""


def open_runtime(graph: bytes, kind: str = "onnxruntime", *, threads: int | None = None) -> Runtime:
    """Load an ONNX graph into an inference engine.

    Args:
        graph: a serialised ONNX model.
        kind: name of the engine, a key of `RUNTIMES`.
        threads: number of cores that one run may use; None lets the engine decide.

    Raises:
        BundleDamaged: the graph cannot be loaded.
        UsageError: there is no engine of that name.
    """
    if kind not in RUNTIMES:
        raise UsageError(f"Unknown inference engine: {kind!r}.", hint=f"Use one of: {', '.join(RUNTIMES)}.")
    return RUNTIMES[kind](graph, threads=threads)
