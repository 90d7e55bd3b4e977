"""Measurement of a model bundle on this machine, in a new process that imports as little as a function does."""

import importlib
import io
import statistics
import sys
import time
from dataclasses import asdict, dataclass
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
        cold_start: seconds from the start of a process until the model is loaded and verified.
        milliseconds: median time of one answer on one core.
        resident_gb: peak memory of the process in GB; None where the system does not state it.
        picture_gb: size of one of the pictures in GB.
        pictures: number of pictures that were answered.
    """

    cold_start: float
    milliseconds: float
    resident_gb: float | None
    picture_gb: float
    pictures: int = _PICTURES

    def to_json(self) -> dict[str, Any]:
        """Return the measurement as a JSON-serialisable dictionary."""
        return {name: round(value, 7) if isinstance(value, float) else value for name, value in asdict(self).items()}


def measure(path: Path, *, server: bool = False) -> Measurement:
    """Measure a model bundle in a new process.

    Args:
        path: path of the bundle.
        server: whether the process loads what a server needs as well, as in a container.

    Raises:
        BundleError: it cannot be loaded, does not reproduce its golden vectors, or no process can be started.
    """
    start = time.perf_counter()
    try:
        process = WorkerProcess(quiet=True)
    except OSError as error:
        raise _not_measured(path, error) from error
    try:
        process.run(_load, str(path.absolute()), _SERVER if server else "")
        cold_start = time.perf_counter() - start
        pictures = _draw_pictures()
        milliseconds, resident = process.run(_answer, pictures)
    except OSError as error:
        raise _not_measured(path, error) from error
    finally:
        process.kill()
        process.close()
    size = statistics.fmean(map(len, pictures)) / 1e9
    return Measurement(cold_start=cold_start, milliseconds=milliseconds, resident_gb=resident, picture_gb=size)


def _not_measured(path: Path, error: OSError) -> BundleError:
    hint = "Close other programs, or pass what `discern cost` would measure: --milliseconds, --memory and --cold-start."
    return BundleError(f"{path} cannot be measured on this machine: {error}.", hint=hint)


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


def _load(path: str, library: str) -> None:
    if library:
        importlib.import_module(library)
    model = load(path, threads=1)
    if not model.verify().passed:
        message = f"{path} does not reproduce its golden vectors on this machine."
        raise BundleError(message, hint="Run `discern verify` and `discern doctor`.")
    _model[:] = [model]


def _answer(pictures: list[bytes]) -> tuple[float, float | None]:
    taken = []
    for picture in pictures:
        start = time.perf_counter()
        _model[0](picture)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken[1:]) * 1000, _peak_memory()


def _peak_memory() -> float | None:
    """Return the peak memory of this process in GB, or None if the system does not state it.

    On Linux the C function for it counts the memory of the parent too, from which this process was forked.
    """
    if sys.platform == "darwin":
        import resource  # noqa: PLC0415 - Windows has no such module

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e9
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 / 1e9 for line in lines if line.startswith("VmHWM:")), None)
