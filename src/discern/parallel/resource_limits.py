"""Function that limits the memory and processor time of the current process."""

import os
from contextlib import suppress
from pathlib import Path

try:
    import resource
except ImportError:  # on Windows
    resource = None  # type: ignore[assignment]


def limit_resources(*, memory: int, cpu_seconds: int, niceness: int = 0) -> bool:
    """Limit the memory and processor time of the current process for the rest of its life.

    A process that exceeds its memory fails to allocate more; one that exceeds its time is ended by a signal. If the
    whole machine is short of memory, Linux ends this process first.

    Args:
        memory: private memory in bytes; Linux enforces it, macOS and Windows do not.
        cpu_seconds: processor time of all threads in seconds; not on Windows.
        niceness: amount by which its priority is lowered; not on Windows.

    Returns:
        True if the platform has these limits.
    """
    if resource is None:
        return False
    _lower(resource.RLIMIT_DATA, memory)
    _lower(resource.RLIMIT_CPU, cpu_seconds)
    _lower(resource.RLIMIT_CORE, 0)
    os.nice(niceness)
    with suppress(OSError):  # only on Linux
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    return True


def _lower(kind: int, limit: int) -> None:
    _, hard = resource.getrlimit(kind)
    lowest = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(kind, (lowest, hard))
