"""Context manager for a store that a command works on."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from discern.watching.captures.capture_config import CaptureConfig
from discern.watching.captures.spool_mover import SpoolMover
from discern.watching.stores.exchange_database import ExchangeDatabase
from discern.watching.stores.open_exchanges import open_store


@contextmanager
def opened_store(store: str | Path) -> Iterator[ExchangeDatabase]:
    """Context manager for an existing store, which first receives what a server that has ended left in its spool.

    What a running server has not finished writing follows within seconds. A spool that was put elsewhere with
    `--capture-spool` is left to the next server.

    Args:
        store: a folder, the path of a SQLite file, or the URL of a database.

    Raises:
        StoreError: there is no store, or it cannot be used.
        UsageError: the address is invalid.
    """
    with closing(open_store(store)) as opened:
        spool = CaptureConfig(store=os.fspath(store)).spool_folder
        if spool.is_dir():
            SpoolMover(spool, opened).move()
        yield opened
