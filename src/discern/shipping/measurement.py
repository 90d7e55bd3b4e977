"""Measurement of a model bundle on this machine, in a new process that imports as little as a function does."""

import importlib
import io
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from discern.bundle import Model, load
from discern.errors import BundleError
from discern.parallel import WorkerProcess

_PICTURES, _DRAWN = 10, 2  # not tuned: the median of nine after the first, of two different ones
_SIZE = (1024, 768)
_SERVER = "discern.serving.web.server"
_model: list[Model] = []  # of the helper process, between its two calls


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """Time and memory of a model bundle on this machine.

    Attributes:
        cold_start: seconds from the start of a process until the model is loaded and verified, without waiting for
            a core.
        milliseconds: median time of one answer on one core, without waiting for it.
        resident_gb: peak memory of the process in GB; None where the system does not state it.
        server_gb: the same with the libraries of a web server; None likewise, and if it was not to be measured.
        picture_gb: size of one of the pictures in GB.
        pictures: number of pictures that were answered.
    """

    cold_start: float
    milliseconds: float
    resident_gb: float | None
    server_gb: float | None
    picture_gb: float
    pictures: int = _PICTURES

    def to_json(self) -> dict[str, Any]:
        """Return the measurement as a JSON-serialisable dictionary."""
        return {name: round(value, 7) if isinstance(value, float) else value for name, value in asdict(self).items()}

    def describe(self) -> str:
        """Describe the measurement in a phrase."""
        memory = "" if self.resident_gb is None else f", {self.resident_gb:.2f} GB of memory"
        width, height = _SIZE
        return (
            f"Measured on this machine, on one core: {self.milliseconds:.1f} ms an answer (median of "
            f"{self.pictures - 1} pictures of {width:,} x {height}), {self.cold_start:.2f} s to start{memory}"
        )


def measure(path: Path, *, server: bool = True) -> Measurement:
    """Measure a model bundle in a new process.

    Args:
        path: path of the bundle.
        server: whether to measure the memory of a web server as well, whose libraries take time to import.

    Raises:
        BundleError: it cannot be loaded, does not reproduce its golden vectors, or no process can be started.
    """
    start = time.perf_counter()
    try:
        process = WorkerProcess(quiet=True)
    except OSError as error:
        raise _not_measured(path, error) from error
    try:
        used = process.run(_load, str(path.absolute()))
        # A busy machine, or one that sleeps meanwhile, lets the process wait.
        cold_start = min(time.perf_counter() - start, used)
        pictures = _draw_pictures()
        milliseconds = process.run(_answer, pictures)
        resident, server_gb = process.run(_take_memory if server else _take_peak)
    except OSError as error:
        raise _not_measured(path, error) from error
    finally:
        process.kill()
        process.close()
    size = statistics.fmean(map(len, pictures)) / 1e9
    return Measurement(
        cold_start=cold_start, milliseconds=milliseconds, resident_gb=resident, server_gb=server_gb, picture_gb=size
    )


def _not_measured(path: Path, error: OSError) -> BundleError:
    hint = "Close other programs, or pass what `discern cost` would measure: --milliseconds, --memory and --cold-start."
    return BundleError(f"{path} cannot be measured on this machine: {error}.", hint=hint)


@cache
def _draw_pictures() -> list[bytes]:
    """Draw pictures with soft shapes and some noise, about as large as photographs are after JPEG compression."""
    random = np.random.default_rng(0)
    across, down = np.meshgrid(np.arange(_SIZE[0]), np.arange(_SIZE[1]))
    drawn = []
    for _ in range(_DRAWN):
        waves = random.uniform(0.005, 0.05, (2, 3))
        pixels = 127 + 90 * np.sin(across[..., None] * waves[0] + down[..., None] * waves[1])
        noisy = np.clip(pixels + random.normal(0, 4, pixels.shape), 0, 255).astype(np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(noisy).save(buffer, "JPEG", quality=90)
        drawn.append(buffer.getvalue())
    return [drawn[index % _DRAWN] for index in range(_PICTURES)]


def _load(path: str) -> float:
    """Load a model and return the processor time of this process from its start."""
    model = load(path, threads=1)
    if not model.verify().passed:
        message = f"{path} does not reproduce its golden vectors on this machine."
        raise BundleError(message, hint="Run `discern verify` and `discern doctor`.")
    _model[:] = [model]
    return time.process_time()


def _answer(pictures: list[bytes]) -> float:
    taken = []
    for picture in pictures:
        start, used = time.perf_counter(), time.process_time()
        _model[0](picture)
        # A busy machine lets the process wait, and a function has its core to itself.
        taken.append(min(time.perf_counter() - start, time.process_time() - used))
    return statistics.median(taken[1:]) * 1000


def _take_peak() -> tuple[float | None, None]:
    return _memory("VmHWM"), None


def _take_memory() -> tuple[float | None, float | None]:
    """Return the peak memory of this process in GB, and that of one that has the libraries of a web server as well."""
    peak, before = _memory("VmHWM"), _memory("VmRSS")
    importlib.import_module(_SERVER)
    after = _memory("VmRSS")
    if peak is None or before is None or after is None:
        return peak, None
    return peak, peak + max(0.0, after - before)


def _memory(name: str) -> float | None:
    """Return the peak (VmHWM) or current (VmRSS) memory of this process in GB, or None if the system has no such file.

    The C function for the peak counts the memory of the parent too, from which this process was forked.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return _peak_elsewhere()
    return next((int(line.split()[1]) * 1024 / 1e9 for line in lines if line.startswith(f"{name}:")), None)


def _peak_elsewhere() -> float | None:
    """Return the peak memory of this process in GB on macOS, and None on other systems without /proc."""
    if sys.platform != "darwin":
        return None
    import resource  # noqa: PLC0415 - Windows has no such module

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e9
