"""Search for an exchange by its identifier, in the spool of all processes and in the store."""

import threading
from pathlib import Path

from discern.inference.exchange import Exchange
from discern.inference.exchange_record import decode_records
from discern.watching.captures.capture_config import CaptureConfig
from discern.watching.captures.spool_segment import list_segments, seal_of
from discern.watching.stores.exchange_store import ExchangeStore
from discern.watching.stores.open_exchanges import open_store

_MAX_SEGMENTS = 8  # not tuned: minutes of traffic; more are waiting only while the store is down


class ExchangeFinder:
    """Finder of exchanges that other processes, or earlier ones, have kept.

    Args:
        config: the spool and the store.
    """

    def __init__(self, config: CaptureConfig) -> None:
        self._config = config
        self._opening = threading.Lock()
        self._store: ExchangeStore | None = None

    def __call__(self, exchange: str) -> Exchange | None:
        """Return an exchange, or None if there is none.

        Raises:
            DiscernError: it is not in the spool, and the store cannot be read.
        """
        # In this order: what is passed on is in the store before it leaves the spool.
        return _find_in_spool(self._config.spool_folder, exchange) or self._opened().get(exchange)

    def _opened(self) -> ExchangeStore:
        with self._opening:
            if self._store is None:
                self._store = open_store(self._config.store)
            return self._store


def _find_in_spool(folder: Path, exchange: str) -> Exchange | None:
    for path in reversed(list_segments(folder)[-_MAX_SEGMENTS:]):
        seal = seal_of(path)
        try:
            data = path.read_bytes()
        except OSError:  # passed on meanwhile
            continue
        if seal is None or exchange.encode() not in data:
            continue
        for record in decode_records(data, seal=seal):
            if isinstance(record.content, Exchange) and record.content.id == exchange:
                return record.content
    return None
