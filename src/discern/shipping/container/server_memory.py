"""Measurement of the memory that a server with a model needs, in a new process."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from discern.errors import BundleError

STEP = 256
"""Step of the stated memory in MiB, so that two measurements agree."""

_MARGIN = 1.3  # not tuned: for the queue, and for an allocator that keeps what it has freed
_LARGE_PICTURE = 768  # MiB: a decoded picture of 60 megapixels, in colour and with its copy
_SECONDS = 300  # not tuned
_MIB = 1 << 20
# A program of its own, as memory that a process has freed still counts for its peak.
_PROGRAM = """
import sys
from discern.bundle import load
import discern.serving.web.server
model = load(sys.argv[1], threads=1)
model.verify()
lines = open("/proc/self/status", encoding="ascii").read().splitlines()
sys.stdout.write(next(line.split()[1] for line in lines if line.startswith("VmHWM:")))
"""


@dataclass(frozen=True, kw_only=True)
class ServerMemory:
    """Memory of a server with one model, in MiB.

    Attributes:
        request: memory that it needs for usual pictures.
        limit: memory that it may take, with the largest pictures that it accepts.
    """

    request: int
    limit: int


def measure_server(bundle: Path) -> ServerMemory:
    """Measure the memory of a server that has answered a bundle's golden pictures.

    Raises:
        BundleError: the memory cannot be measured on this machine.
    """
    command = [sys.executable, "-c", _PROGRAM, str(bundle)]
    hint = "Pass --memory with the memory of the server in MiB."
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BundleError(f"The memory of {bundle} cannot be measured: {error}.", hint=hint) from error
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["the process was killed"])[-1]
        raise BundleError(f"The memory of {bundle} cannot be measured: {reason}.", hint=hint)
    return stated_memory(int(done.stdout) * 1024 / _MIB)


def stated_memory(measured: float, *, margin: float = _MARGIN) -> ServerMemory:
    """Return the memory to state for a server whose peak was measured, in MiB.

    >>> stated_memory(190)
    ServerMemory(request=256, limit=1024)
    """
    return ServerMemory(request=_round_up(margin * measured), limit=_round_up(margin * measured + _LARGE_PICTURE))


def _round_up(size: float) -> int:
    return -int(-size // STEP) * STEP
