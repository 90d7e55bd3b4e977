"""Memory to state for a server with a model."""

from dataclasses import dataclass

from discern.errors import BundleError

STEP = 256
"""Step of the stated memory in MiB, so that two measurements agree."""

_MARGIN = 1.3  # not tuned: for the queue, and for an allocator that keeps what it has freed
_LARGE_PICTURE = 768  # MiB: a decoded picture of 60 megapixels, in colour and with its copy
_MIB = 1 << 20


@dataclass(frozen=True, kw_only=True)
class ServerMemory:
    """Memory of a server with one model, in MiB.

    Attributes:
        request: memory that it needs for usual pictures.
        limit: memory that it may take, with the largest pictures that it accepts.
    """

    request: int
    limit: int


def server_memory(measured: float | None) -> ServerMemory:
    """Return the memory to state for a server whose peak was measured.

    >>> server_memory(0.2)
    ServerMemory(request=256, limit=1024)

    Args:
        measured: peak memory of the process in GB; None if the system does not state it.

    Raises:
        BundleError: it is None.
    """
    if measured is None:
        hint = "Pass --memory with the memory of the server in MiB."
        raise BundleError("The memory of a server cannot be measured on this system.", hint=hint)
    return stated_memory(_MARGIN * measured * 1e9 / _MIB)


def stated_memory(needed: float) -> ServerMemory:
    """Return the memory to state for a server that needs so much for usual pictures, in MiB.

    >>> stated_memory(300)
    ServerMemory(request=512, limit=1280)
    """
    return ServerMemory(request=_round_up(needed), limit=_round_up(needed + _LARGE_PICTURE))


def _round_up(size: float) -> int:
    return -int(-size // STEP) * STEP
