"""Function that writes a store's exchanges as SageMaker's data capture (`discern captured --lines`)."""

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from discern.atomic import atomic_folder
from discern.display.displayed import Displayed
from discern.errors import CatalogError
from discern.flow.captured.capture_line import write_line
from discern.flow.paths import resolve_output
from discern.flow.predict.resumable_output import require_free
from discern.inference.exchange import Exchange
from discern.progress import Progress, silent
from discern.watching.stores.exchange_store import ExchangeStore
from discern.watching.stores.open_exchanges import open_store
from discern.watching.stores.store_address import parse_address

_PAGE = 200  # exchanges of a file, at most; not tuned
_MAX_BYTES = 64 * 2**20  # of the lines that wait to be written; not tuned
_UNSAFE = re.compile(r"[^\w-]+", re.ASCII)


@dataclass(frozen=True, kw_only=True, repr=False)
class WrittenCaptures(Displayed):
    """Result of writing a store's exchanges as data capture.

    Attributes:
        store: the store, without a password.
        folder: folder that was written.
        exchanges: number of exchanges.
        files: number of files.
        without_picture: number of exchanges without a kept picture.
    """

    store: str
    folder: Path
    exchanges: int
    files: int
    without_picture: int

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON-serialisable dictionary, with its attributes as keys."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__} | {"folder": str(self.folder)}


def write_captured(store: str | Path, *, folder: str | Path, progress: Progress = silent) -> WrittenCaptures:
    """Write the exchanges of a store as JSON lines of SageMaker's data capture, into folders by hour.

    What SageMaker's format lacks is added under a key of its own, so that `store_captured` reads the same exchanges
    back, with their embeddings. Labels are not written.

    Args:
        store: store that a server with `--capture` writes.
        folder: new folder, with `MODEL/AllTraffic/YYYY/MM/DD/HH/NUMBER.jsonl` inside.
        progress: called with the stage, exchanges done and exchanges in all.

    Raises:
        CatalogError: the store has no exchange.
        RunError: the folder exists.
        StoreError: the store does not exist or cannot be used.
    """
    target = resolve_output(folder)
    require_free(target)
    with closing(open_store(store)) as opened:
        total = sum(opened.bundles().values())
        if not total:
            raise CatalogError(f"The store {parse_address(store).name} has no exchange.", hint="Nothing was written.")
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic_folder(target) as unfinished:
            writer = _Writer(unfinished)
            for done, exchange in enumerate(_exchanges(opened), 1):
                writer.add(exchange)
                progress("exchanges", done, total)
            writer.flush()
    return WrittenCaptures(
        store=parse_address(store).name,
        folder=target,
        exchanges=writer.exchanges,
        files=writer.files,
        without_picture=writer.without_picture,
    )


def _exchanges(store: ExchangeStore) -> Iterator[Exchange]:
    after = 0
    while len(columns := store.columns(after=after, limit=_PAGE)):
        after = int(columns.number[-1])
        for each in columns.id:
            exchange = store.get(each)
            if exchange is not None:  # erased in the meantime
                yield exchange


class _Writer:
    """Writer of files of lines by model and hour."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines: dict[str, list[bytes]] = defaultdict(list)
        self._waiting = self._bytes = 0
        self.exchanges = self.files = self.without_picture = 0

    def add(self, exchange: Exchange) -> None:
        """Add an exchange to the file of its hour."""
        name = _UNSAFE.sub("-", exchange.model)[:100].strip("-") or "model"
        hour = datetime.fromtimestamp(exchange.time, UTC)
        line = write_line(exchange)
        self._lines[f"{name}/AllTraffic/{hour:%Y/%m/%d/%H}"].append(line)
        self._waiting, self._bytes = self._waiting + 1, self._bytes + len(line)
        self.exchanges += 1
        self.without_picture += exchange.picture is None
        if self._waiting >= _PAGE or self._bytes >= _MAX_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write the lines that wait, into new files."""
        for hour, lines in self._lines.items():
            self.files += 1
            path = self._folder / hour / f"{self.files:06}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"".join(lines))
        self._lines.clear()
        self._waiting = self._bytes = 0
