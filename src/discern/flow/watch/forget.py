"""Function that erases captured exchanges (`discern forget`)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from discern.display.displayed import Displayed
from discern.errors import StoreError, UsageError, shorten
from discern.flow.watch.opened_store import opened_store
from discern.watching.looking.forget_kept import forget_exchanges
from discern.watching.stores.store_address import parse_address


@dataclass(frozen=True, kw_only=True, repr=False)
class ForgetResult(Displayed):
    """Result of `discern.forget`, with the numbers of what was erased.

    Attributes:
        store: the store, without a password.
        exchanges: erased exchanges.
        feedback: erased labels.
        pictures: erased picture files.
        bytes: size of these files.
    """

    store: str
    exchanges: int
    feedback: int
    pictures: int
    bytes: int

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON-serialisable dictionary.

        Keys:
            store: the store, without a password.
            exchanges: number of erased exchanges.
            feedback: number of erased labels.
            pictures: number of erased picture files.
            bytes: size of these files.
        """
        return {
            "store": self.store,
            "exchanges": self.exchanges,
            "feedback": self.feedback,
            "pictures": self.pictures,
            "bytes": self.bytes,
        }


def forget(exchange: str, *, store: str | Path) -> ForgetResult:
    """Erase captured exchanges everywhere: rows, pictures, labels, and what looks keep of them.

    Args:
        exchange: identifier of an exchange, as in its answer; or the SHA-256 digest of a picture's file or pixels,
            which erases all exchanges of that picture.
        store: store that a server with `--capture` writes.

    Raises:
        StoreError: the store does not exist or cannot be used, or has no such exchange.
        UsageError: the identifier is empty.
    """
    wanted = exchange.strip()
    if not wanted:
        raise UsageError("The identifier is empty.", hint="Pass the id of an answer, or a digest of a picture.")
    name = parse_address(store).name
    with opened_store(store) as opened:
        removed = forget_exchanges(opened, wanted)
    if not removed.exchanges and not removed.feedback:
        raise StoreError(
            f"The store {name} has no exchange {shorten(wanted)!r}.",
            hint="Check the id or the digest; it was noted, and is not stored if it comes later.",
        )
    return ForgetResult(
        store=name,
        exchanges=removed.exchanges,
        feedback=removed.feedback,
        pictures=removed.pictures,
        bytes=removed.bytes,
    )
