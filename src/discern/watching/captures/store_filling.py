"""Functions that run in the child process that moves a spool to its store."""

import os
import time

from discern.errors import DiscernError, StoreError
from discern.watching.captures.capture_config import CaptureConfig
from discern.watching.captures.spool_mover import Moved, SpoolMover
from discern.watching.stores.exchange_store import ExchangeStore
from discern.watching.stores.open_exchanges import open_store

RETAIN_EVERY = 600.0
"""Seconds between two applications of the limits of age and size; not tuned."""

_DAY, _GIGABYTE = 86_400, 1_000_000_000
_open: dict[CaptureConfig, ExchangeStore] = {}
_retained: dict[CaptureConfig, float] = {}


def lower_priority(niceness: int) -> None:
    """Lower the priority of this process, where the system has priorities."""
    if hasattr(os, "nice"):
        os.nice(niceness)


def fill_store(config: CaptureConfig, in_hurry: bool) -> Moved:  # noqa: FBT001 - called by position
    """Move one finished segment of a spool to the store, and apply its limits of age and size from time to time.

    The store stays open for the next call. After an error it is opened again, as its connection may be broken.

    Args:
        config: settings of the capture.
        in_hurry: leave the hashes of pixels out.

    Raises:
        DiscernError: the store cannot be used.
    """
    try:
        store = _open.get(config) or _open.setdefault(
            config, open_store(config.store, create=True, pictures=config.pictures)
        )
        moved = SpoolMover(config.spool_folder, store).move(most=1, with_pixels=not in_hurry)
        _retain(config, store)
    except Exception as error:
        close_stores()
        if isinstance(error, DiscernError):
            raise
        # Another library's error may not survive the way to the parent process.
        raise StoreError(f"The store cannot be used: {error}.") from error
    return moved


def close_stores() -> None:
    """Close the stores that `fill_store` keeps open in this process."""
    while _open:
        _open.popitem()[1].close()


def _retain(config: CaptureConfig, store: ExchangeStore) -> None:
    now = time.monotonic()
    if (config.max_days is None and config.max_gb is None) or now - _retained.get(config, -RETAIN_EVERY) < RETAIN_EVERY:
        return
    _retained[config] = now
    store.retain(
        max_age=None if config.max_days is None else config.max_days * _DAY,
        max_bytes=None if config.max_gb is None else int(config.max_gb * _GIGABYTE),
        now=time.time(),
    )
