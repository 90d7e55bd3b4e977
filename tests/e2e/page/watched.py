"""A server that captures, with exchanges of a week and a look at them."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from discern.bundle import load
from discern.watching.looking.published_looks import publish, read_published
from discern.watching.looks.look import Look
from discern.watching.stores.exchange_database import ExchangeDatabase
from discern.watching.stores.open_exchanges import open_store
from tests.e2e.served import ready, started
from tests.e2e.server_process import PATIENCE
from tests.unit.serving.web.captured import exchange_id, make_exchanges, make_look
from tests.waiting import wait_until

EXCHANGES = 300
QUEUED = 12
DAY = 86_400


@dataclass(frozen=True, kw_only=True)
class Watched:
    """Server whose exchanges are watched.

    Attributes:
        address: its URL.
        store: its store.
        fingerprint: fingerprint of its model.
    """

    address: str
    store: ExchangeDatabase
    fingerprint: str

    def publish(self, look: Look) -> None:
        """Show a look in place of the one before."""
        before = read_published(self.store, self.fingerprint)
        assert publish(self.store, self.fingerprint, before.after(look, taken=time.time(), seconds=0.5))

    def publish_change(self, first: int = EXCHANGES - 40) -> None:
        """Show a look that found that the pictures are darker since two days ago, and a new class.

        The pictures that wait for a label begin with the number `first`.
        """
        since = datetime.fromtimestamp(time.time() - 2 * DAY, UTC).isoformat()
        ids = [exchange_id(number) for number in range(EXCHANGES - 40, EXCHANGES)]
        look = make_look(self.fingerprint, examples=ids, exchanges=EXCHANGES)
        alarm = replace(look.alarms[0], since=since)
        self.publish(
            replace(
                look, alarms=(alarm,), to_audit=tuple(map(exchange_id, range(first, first + QUEUED))), waiting=QUEUED
            )
        )


@contextlib.contextmanager
def watched(folder: Path, bundle: Path, *options: str | Path) -> Iterator[Watched]:
    """Start a server on a store of 300 exchanges, and wait for its first look."""
    store = open_store(folder / "captures", create=True)
    fingerprint = load(bundle).fingerprint
    begin = time.time() - 5 * DAY
    store.add(make_exchanges(EXCHANGES, bundle=fingerprint, begin=begin, seconds=5 * DAY / EXCHANGES))
    command = (bundle, "--capture", folder / "captures", "--look-seconds", "3600", *options)
    with started(*command) as (address, _):
        ready(address)
        wait_until(lambda: read_published(store, fingerprint).look is not None, PATIENCE, interval=0.1)
        yield Watched(address=address, store=store, fingerprint=fingerprint)
    store.close()
