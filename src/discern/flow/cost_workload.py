"""Functions that find out the resources that an answer takes: measured, given, or assumed before a bundle exists."""

import math
from dataclasses import dataclass
from pathlib import Path

from discern.bundle import load
from discern.errors import UsageError
from discern.shipping.cost_row import CORE_GB, Workload
from discern.shipping.function_memory import recommended_megabytes
from discern.shipping.measurement import Measurement, measure
from discern.shipping.training_costs import Method

_ASSUMED_MILLISECONDS = 60.0  # before a bundle exists; not tuned
_LIBRARIES_GB, _ZIPPED_GB = 0.12, 0.034  # of numpy, Pillow and ONNX Runtime, in memory and in the package
_BACKBONE_GB = 0.016  # the default backbone, before a bundle exists
_MOST_PER_DAY = 1e9
_LEAST_GB, _MOST_GB = 0.125, 10.0
_MOST_MILLISECONDS = 900_000.0
_METHOD_HINT = "Give the path of a bundle, or with --method the pictures that one will be trained on."


@dataclass(frozen=True, kw_only=True)
class CostOptions:
    """Facts on the workload that are given instead of measured, and assumptions.

    Attributes:
        milliseconds: time of one answer on one core of the target; None to measure it.
        memory: memory of a function in GB; None for that of one core.
        cold_start: seconds until a process is ready; None for the measured time.
        factor: time that the target's cores take, as a multiple of that of this machine's.
        peak: requests in the busiest minute, as a multiple of the mean.
        idle_minutes: idle minutes after which a function's environment is assumed to be removed.
        free_tier: whether the permanent allowance of a Lambda account is subtracted.
        epochs: passes over the pictures of a fine-tuning.
        trials: trainings of a search for settings.
    """

    milliseconds: float | None = None
    memory: float | None = None
    cold_start: float | None = None
    factor: float = 1.0
    peak: float = 5.0
    idle_minutes: float = 10.0
    free_tier: bool = False
    epochs: int = 10
    trials: int = 12


def check_workload(per_day: float, options: CostOptions) -> None:
    """Check that all figures are usable.

    Raises:
        UsageError: one is not a number, or outside its limits.
    """
    limits = {
        "--per-day": (per_day, 1, _MOST_PER_DAY),
        "--milliseconds": (options.milliseconds, 0.001, _MOST_MILLISECONDS),
        "--memory": (options.memory, _LEAST_GB, _MOST_GB),
        "--cold-start": (options.cold_start, 0, 900),
        "--factor": (options.factor, 0.01, 100),
        "--peak": (options.peak, 1, 10_000),
        "--idle-minutes": (options.idle_minutes, 0, 1440),
        "--epochs": (options.epochs, 1, 10_000),
        "--trials": (options.trials, 0, 10_000),
    }
    for name, (value, low, high) in limits.items():
        if value is not None and not (math.isfinite(value) and low <= value <= high):
            raise UsageError(f"{name} is {value:,.12g}.", hint=f"Give a number from {low:g} to {high:,.10g}.")


def measured_workload(
    path: Path, per_day: float, options: CostOptions, *, server: bool = True
) -> tuple[Workload, Measurement | None]:
    """Return the workload of a bundle, which is measured unless its time is given.

    Args:
        path: the bundle.
        per_day: answers a day.
        options: facts that are given instead of measured.
        server: whether to measure the memory of a web server as well.

    Raises:
        UsageError: the path is a folder, or the memory does not suffice.
        BundleError: the bundle cannot be used or measured.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a folder, not a bundle.", hint=_METHOD_HINT)
    if options.milliseconds is None:
        measured = measure(path, server=server)
    else:
        load(path)
        measured = None
    size = path.stat().st_size / 1e9
    need = (measured and measured.resident_gb) or _LIBRARIES_GB + 3 * size
    recommended = recommended_megabytes(need) / 1024
    memory = options.memory or recommended
    if measured is not None and memory < need:
        hint = f"Give --memory {math.ceil(recommended * 100) / 100:g}, or omit it."
        raise UsageError(f"{memory:g} GB do not hold the bundle, which takes {need:.2f} GB here.", hint=hint)
    milliseconds, cold_start = options.milliseconds, options.cold_start
    if measured is not None:
        milliseconds = measured.milliseconds * options.factor
        cold_start = measured.cold_start * options.factor if cold_start is None else cold_start
    assert milliseconds is not None
    work = Workload(
        per_day=per_day,
        milliseconds=milliseconds,
        memory_gb=memory,
        resident_gb=need,
        server_gb=None if measured is None else measured.server_gb,
        cold_start=cold_start,
        package_gb=_ZIPPED_GB + size,
        peak=options.peak,
        idle_minutes=options.idle_minutes,
        free_tier=options.free_tier,
    )
    return work, measured


def assumed_workload(path: Path, per_day: float, options: CostOptions) -> Workload:
    """Return the workload of a bundle that does not exist yet.

    Raises:
        UsageError: the path does not exist, or is a bundle.
    """
    if not path.exists():
        raise UsageError(f"{path} does not exist.", hint=_METHOD_HINT)
    if path.suffix == ".discern":
        raise UsageError(f"{path} is a bundle, which is trained already.", hint="Leave out --method.")
    return Workload(
        per_day=per_day,
        milliseconds=options.milliseconds or _ASSUMED_MILLISECONDS * options.factor,
        memory_gb=options.memory or CORE_GB,
        resident_gb=_LIBRARIES_GB + 3 * _BACKBONE_GB,
        cold_start=options.cold_start,
        package_gb=_ZIPPED_GB + _BACKBONE_GB,
        peak=options.peak,
        idle_minutes=options.idle_minutes,
        free_tier=options.free_tier,
    )


def workload_notes(measured: Measurement | None, options: CostOptions, method: Method | None) -> list[str]:
    """Return a sentence on the origin of the time of an answer."""
    if measured is not None:
        factor = (
            "" if options.factor == 1 else f"; the target's cores are taken to need {options.factor:g} times as long"
        )
        return [f"{measured.describe()}{factor}."]
    if options.milliseconds is not None:
        return [f"Given, not measured: {options.milliseconds:g} ms an answer."]
    backbone = f"{_ASSUMED_MILLISECONDS * options.factor:g} ms an answer is assumed for the default backbone"
    return [f"Nothing can be measured before a bundle exists ({method}): {backbone}."]
