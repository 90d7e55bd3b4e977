"""Time that a training run takes with an empty cache."""

import time
from collections.abc import Mapping

import numpy as np

from discern.bundle import open_runtime
from discern.errors import DiscernError
from discern.evaluating import TrainTime
from discern.flow.compare.model_size import ModelSize
from discern.flow.input_options import InputOptions
from discern.flow.run import Run
from discern.parallel import count_cores
from discern.training import DEFAULT_METHOD

_REPEATED = 3  # not tuned
_OPTIONS = ("size", "mean", "deviation", "scale")


def find_train_time(run: Run, size: ModelSize, method: str) -> TrainTime:
    """Add the time of the features that a run found in its cache to the time that it took.

    They are estimated from the speed of the backbone on this machine: in a head's bundle it was measured with it.

    Args:
        run: the run.
        size: size and speed of its bundle.
        method: its training method.
    """
    measured = sum(run.facts["seconds"].values())
    cached = (run.facts.get("features") or {}).get("cached")
    seconds: float | None = None
    if cached:
        each = size.milliseconds if method == DEFAULT_METHOD else _milliseconds(run.facts["config"])
        seconds = None if each is None else cached * each / 1000 / count_cores()
    elif cached == 0:
        seconds = 0.0
    return TrainTime(
        seconds=round(measured + (seconds or 0.0), 3),
        measured=round(measured, 3),
        cached=cached,
        cached_seconds=None if seconds is None else round(seconds, 3),
    )


def _milliseconds(config: Mapping[str, object]) -> float | None:
    """Measure the backbone of a run; None if it cannot be loaded any more."""
    given = {name: config.get(name) for name in _OPTIONS}
    weights = config.get("weights")
    path = weights.get("path") if isinstance(weights, dict) else None
    try:
        options = InputOptions.checked_input(**given, weights=path)  # type: ignore[arg-type]
        backbone = options.load_backbone(str(config.get("backbone")))
    except DiscernError:
        return None
    runtime = open_runtime(backbone.graph, threads=1)
    picture = np.zeros((1, backbone.size, backbone.size, 3), np.uint8)
    runtime.run({"pixels": picture})
    start = time.perf_counter()
    for _ in range(_REPEATED):
        runtime.run({"pixels": picture})
    return (time.perf_counter() - start) / _REPEATED * 1000
