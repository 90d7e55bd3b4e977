"""Trial of a model bundle in a helper process with limits of time and memory, before a server uses it."""

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from discern.bundle import Model, archive
from discern.errors import BundleDamaged, BundleError
from discern.inference.verified_model import require_verified
from discern.parallel import WorkerProcess, limit_resources
from discern.picture import Limits

_END_SECONDS = 5  # to collect the exit code of a helper that has closed its pipe; not tuned
_CPU_TIME_EXCEEDED = -24  # SIGXCPU
_OUT_OF_MEMORY = ("bad_alloc", "bad allocation", "Failed to allocate memory", "more memory than is available")
_HINT = "The server still uses the old bundle. Try the new one elsewhere with `discern verify`."


@dataclass(frozen=True, kw_only=True)
class TrialLimits:
    """Limits on the resources of a trial.

    Attributes:
        seconds: wall-clock time; of processor time, the helper may use as much.
        memory: private memory of the helper in bytes, in addition to `memory_factor` times the bundle's size.
        memory_factor: see `memory`.
        niceness: amount by which the helper's priority is lowered, so that requests are answered first.
    """

    # Needed by EfficientNet-Lite0: 0.5 s and 256 MiB; by VGG-16 with its 537 MiB of weights: 7 s and 2.1 GiB.
    seconds: float = 60
    memory: int = 768 << 20
    memory_factor: float = 5
    niceness: int = 5


class TrialCancelled(BundleError):
    """Error raised when the server ends during a trial."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} was not loaded: the server is ending.")


class BundleTrial:
    """Trial of bundles, each in a new helper process that can be killed at any time.

    Args:
        limits: limits on the size of pictures.
        max_batch: number of pictures in the largest batch that the server runs.
        trial_limits: limits on the helper process.
    """

    def __init__(self, *, limits: Limits, max_batch: int, trial_limits: TrialLimits = TrialLimits()) -> None:
        self._limits, self._max_batch, self._trial_limits = limits, max_batch, trial_limits
        self._lock = threading.Lock()
        self._helpers: set[WorkerProcess] = set()
        self._closed = False

    def run(self, data: bytes, path: Path) -> None:
        """Load a bundle in a helper process, verify it there, and run its largest batch.

        Args:
            data: the content of the bundle's file.
            path: its path, for messages.

        Raises:
            BundleError: the bundle cannot be used, exceeds the limits, crashes the helper, or no helper can be started.
            TrialCancelled: `close` was called.
        """
        helper, late = self._start(path), threading.Event()
        timer = threading.Timer(self._trial_limits.seconds, _end_late, [helper, late])
        timer.daemon = True
        timer.start()
        memory = self._trial_limits.memory + int(self._trial_limits.memory_factor * len(data))
        try:
            helper.run(_limit, memory, max(1, round(self._trial_limits.seconds)), self._trial_limits.niceness)
            helper.run(_try_bundle, data, path, self._limits, self._max_batch)
        except BundleError as error:
            if any(sign in error.message for sign in _OUT_OF_MEMORY):
                raise _refuse(path, _needs_memory(memory)) from error
            raise
        except OSError as error:
            raise self._explain(path, helper.wait(_END_SECONDS), memory=memory, late=late.is_set()) from error
        except Exception as error:
            reason = f"{type(error).__name__}: {str(error)[:200]}"
            raise _refuse(path, f"it cannot be tried ({reason}), or {_needs_memory(memory)}") from error
        finally:
            timer.cancel()
            helper.kill()  # it is not used again, and takes longer to end in order
            helper.close()
            with self._lock:
                self._helpers.discard(helper)

    def close(self) -> None:
        """Cancel current trials at once, and all later ones."""
        with self._lock:
            self._closed = True
            for helper in self._helpers:
                helper.kill()

    def _start(self, path: Path) -> WorkerProcess:
        with self._lock:
            if self._closed:
                raise TrialCancelled(path)
            try:
                helper = WorkerProcess(quiet=True)
            except OSError as error:
                raise _refuse(path, f"no process to try it in can be started ({error})") from error
            self._helpers.add(helper)
            return helper

    def _explain(self, path: Path, exit_code: int, *, memory: int, late: bool) -> BundleError:
        """Return the error for a helper that ended during its trial."""
        if self._closed:
            return TrialCancelled(path)
        if late or exit_code == _CPU_TIME_EXCEEDED:
            return _refuse(path, f"it takes more than {self._trial_limits.seconds:g} s to load and to run once")
        reason = (
            f"it ended the process that tried it, with exit code {exit_code}: it crashed, or {_needs_memory(memory)}"
        )
        return _refuse(path, reason)


def _end_late(helper: WorkerProcess, late: threading.Event) -> None:
    late.set()
    helper.kill()


def _limit(memory: int, cpu_seconds: int, niceness: int) -> None:
    limit_resources(memory=memory, cpu_seconds=cpu_seconds, niceness=niceness)


def _try_bundle(data: bytes, path: Path, limits: Limits, max_batch: int) -> None:
    """Load, verify and run a bundle in the helper process."""
    model = Model(archive.unpack_bytes(data, path), threads=1, limits=limits)
    require_verified(model, path)
    size = model.manifest.recipe.size
    model.run(np.zeros((max_batch, size, size, 3), np.uint8))


def _needs_memory(memory: int) -> str:
    return f"it needs more than {memory >> 20} MiB of memory"


def _refuse(path: Path, reason: str) -> BundleDamaged:
    return BundleDamaged(f"{path} cannot be used: {reason}.", hint=_HINT)
