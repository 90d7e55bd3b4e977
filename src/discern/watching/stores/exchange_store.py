"""Interface of a store of captured exchanges, and the values that it returns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from discern.inference.exchange import Exchange, Feedback


@dataclass(frozen=True, kw_only=True, eq=False)
class ExchangeColumns:
    """Columns of captured exchanges in the order in which they were stored.

    Attributes:
        number: int64 `[n]`, number of each row, ascending; a store never uses one twice.
        id: object `[n]`, identifiers (str).
        time: float64 `[n]`, seconds since 1970 UTC.
        client: object `[n]`, clients (str).
        content: object `[n]`, digests of the bytes that arrived (str).
        pixels: object `[n]`, digests of the pixels (str).
        label: object `[n]`, predicted labels (str).
        decision: object `[n]`, `accept`, `review` or `unknown` (str).
        confidence: float64 `[n]`, in [0, 1]; NaN if undefined.
        unknown_score: float64 `[n]`; NaN if undefined.
        brightness: float64 `[n]`, in [0, 1].
        sharpness: float64 `[n]`, in [0, 1].
        width: int64 `[n]`.
        height: int64 `[n]`.
        seconds: float64 `[n]`, time to the prediction.
        kept_with: float64 `[n]`, probability with which sampling kept it.
        embedding: float32 `[n, D]`, or None if not requested or not all rows have one of the same length.
        truth: object `[n]`, the label of the last feedback (str), or None without feedback.
        is_new: bool `[n]`, True if that label is none of the model's classes.
    """

    number: np.ndarray
    id: np.ndarray
    time: np.ndarray
    client: np.ndarray
    content: np.ndarray
    pixels: np.ndarray
    label: np.ndarray
    decision: np.ndarray
    confidence: np.ndarray
    unknown_score: np.ndarray
    brightness: np.ndarray
    sharpness: np.ndarray
    width: np.ndarray
    height: np.ndarray
    seconds: np.ndarray
    kept_with: np.ndarray
    embedding: np.ndarray | None
    truth: np.ndarray
    is_new: np.ndarray

    def __len__(self) -> int:
        return len(self.number)


@dataclass(frozen=True, kw_only=True)
class TrafficHour:
    """Number of exchanges in one hour, by model.

    Attributes:
        start: beginning of the hour, seconds since 1970 UTC.
        bundle: fingerprint of the model.
        decision: the decision.
        label: the predicted label.
        exchanges: number of exchanges.
        seconds: sum of the times to the prediction.
    """

    start: int
    bundle: str
    decision: str
    label: str
    exchanges: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Removed:
    """Numbers of what was erased from a store.

    Attributes:
        exchanges: erased exchanges.
        feedback: erased feedback.
        pictures: erased picture files.
        bytes: size of these files.
        ids: identifiers of the erased exchanges, if they were asked for by name.
    """

    exchanges: int = 0
    feedback: int = 0
    pictures: int = 0
    bytes: int = 0
    ids: tuple[str, ...] = field(default=())


class ExchangeStore(Protocol):
    """Protocol for stores of captured exchanges.

    Several processes, on one machine or several, may use a store at once. All methods may be called from any thread.
    """

    def add(self, exchanges: Sequence[Exchange], feedback: Sequence[Feedback] = (), *, lost: int = 0) -> int:
        """Store exchanges and feedback in one transaction, and return how many exchanges were new.

        An exchange or feedback that is there already, by its identifier (and time), is left as it is. One that was
        forgotten is not stored. Rows become visible in the order of their numbers.

        Args:
            exchanges: exchanges in the order of their time.
            feedback: feedback; that for an unknown exchange is kept, as the exchange may come later.
            lost: number of exchanges that a server could not keep, added to the store's count.
        """

    def has(self, exchange_id: str) -> bool:
        """Return True if an exchange is stored."""

    def get(self, exchange_id: str) -> Exchange | None:
        """Return a stored exchange with its picture, or None."""

    def picture(self, exchange_id: str) -> tuple[bytes, str] | None:
        """Return the picture of an exchange and its media type, or None if none is kept."""

    def columns(
        self,
        *,
        bundle: str | None = None,
        after: int = 0,
        since: float | None = None,
        until: float | None = None,
        limit: int | None = None,
        embeddings: bool = False,
        newest: bool = False,
    ) -> ExchangeColumns:
        """Return exchanges by column, in the order of their numbers.

        Args:
            bundle: fingerprint of a model; None for all.
            after: only rows with a higher number.
            since: only rows answered at this time or later.
            until: only rows answered before this time.
            limit: at most so many rows.
            embeddings: also read the embeddings.
            newest: with `limit`, the rows with the highest numbers instead of the lowest.
        """

    def columns_of(self, ids: Sequence[str], *, embeddings: bool = False) -> ExchangeColumns:
        """Return the columns of the named exchanges that are stored, in the order of their numbers."""

    def feedback(self, *, after: int = 0) -> Iterator[tuple[int, Feedback]]:
        """Yield all feedback with its number, in the order in which it was stored."""

    def bundles(self) -> dict[str, int]:
        """Return the number of exchanges by fingerprint of the model."""

    def traffic(self, *, since: float | None = None, bundle: str | None = None, step: int = 3600) -> list[TrafficHour]:
        """Return the number of exchanges by hour, kept up to date as they are added.

        They include exchanges that were erased since.

        Args:
            since: only hours from the one on in which this time lies.
            bundle: fingerprint of a model; None for all.
            step: seconds that are counted together, a multiple of 3,600. Long times are read sooner in days, 86,400.
        """

    def lost(self) -> int:
        """Return the number of exchanges that could not be kept."""

    def read_state(self, name: str) -> bytes | None:
        """Return a kept state by its name, or None."""

    def write_state(self, name: str, state: bytes, *, previous: bytes | None) -> bool:
        """Replace a kept state, unless it is not `previous` any more; return True if it was replaced."""

    def forget(self, id_or_hash: str) -> Removed:
        """Erase exchanges everywhere, by the identifier of one, or by the digest of their bytes or pixels."""

    def retain(self, *, max_age: float | None = None, max_bytes: int | None = None, now: float) -> Removed:
        """Erase exchanges older than `max_age` seconds, and the oldest pictures beyond `max_bytes`."""

    def setting(self, name: str) -> Any:
        """Return a setting that is kept in the store, or None."""

    def set_setting(self, name: str, value: Any) -> None:
        """Keep a JSON-serialisable setting in the store."""

    def close(self) -> None:
        """Close all connections."""
