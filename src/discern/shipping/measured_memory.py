"""Memory that a model needs, as measured in a process of its own."""

import resource
import sys
from pathlib import Path

import numpy as np

from discern.bundle import Model, archive
from discern.parallel import WorkerProcess

_CORE_MEGABYTES = 1769
"""Memory with which AWS Lambda gives a function one whole core."""

_STEP, _MOST = 64, 10_240


def measure_memory(bundle: Path) -> int:
    """Return the most memory, in bytes, that a process had which loaded, verified and asked a model."""
    helper = WorkerProcess(quiet=True)
    try:
        return int(helper.run(_peak_bytes, str(bundle)))
    finally:
        helper.close()


def function_megabytes(peak_bytes: int) -> int:
    """Return the memory to give to a function: half as much again as it needs, and one whole core at least.

    >>> function_megabytes(120_000_000), function_megabytes(2_000_000_000)
    (1769, 2880)
    """
    needed = -(-peak_bytes * 3 // 2 // (_STEP << 20)) * _STEP
    return min(max(_CORE_MEGABYTES, needed), _MOST)


def _peak_bytes(path: str) -> int:
    model = Model(archive.unpack(path))
    model.verify()
    model.answer(np.zeros((1, *[model.manifest.recipe.size] * 2, 3), np.uint8))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak << 10
