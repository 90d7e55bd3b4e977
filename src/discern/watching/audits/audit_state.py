"""Kept state of an audit: the drawn exchanges with their labels, and running sums over all exchanges.

One million exchanges leave 50,000 drawn ones at the default share; a look continues from these and reads only new rows.
"""

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from discern.errors import StoreError
from discern.inference.exchange import Feedback
from discern.watching.audits.audit_sample import AuditConfig, audit_probability, draw_uniform
from discern.watching.audits.audits import Audits
from discern.watching.stores.exchange_store import ExchangeColumns

VERSION = 1
MOST_SKIPPED = 0.05
"""Largest share of drawn exchanges without a label among those whose labels count."""

REMEMBERED = 200_000
"""Number of distinct pictures that are remembered, so that a repeated one counts once; not tuned."""

_DAMAGES = (ValueError, KeyError, TypeError, OSError, EOFError, AttributeError, zipfile.BadZipFile, zlib.error)
_WAITING, _WRONG, _RIGHT = -1, 0, 1
_DRAWN = np.dtype(
    [
        ("number", "i8"),
        ("id", "S64"),
        ("time", "f8"),
        ("confidence", "f8"),
        ("weight", "f8"),
        ("label", "i4"),
        ("is_accepted", "?"),
        ("outcome", "i1"),
        ("is_new", "?"),
        ("exchanges", "f8"),
        ("confidences", "f8"),
    ]
)


class AuditState:
    """Audit of one model's exchanges.

    Attributes:
        config: size and shape of the sample; it may be replaced for later exchanges.
        row: highest number of the exchanges that were read.
        feedback: highest number of the feedback that was read.
    """

    def __init__(self, config: AuditConfig) -> None:
        self.config = config
        self.row = 0
        self.feedback = 0
        self._exchanges = 0.0
        self._confidences = 0.0
        self._largest_weight = 0.0
        self._labels: dict[str, int] = {}
        self._drawn = np.zeros(0, _DRAWN)
        self._seen = np.zeros(0, np.uint64)
        self._places: dict[str, int] | None = None

    def __len__(self) -> int:
        """Return the number of drawn exchanges."""
        return len(self._drawn)

    @property
    def exchanges(self) -> float:
        """Return the number of exchanges, of each picture the first; those that sampling left out are included."""
        return self._exchanges

    @property
    def waiting(self) -> int:
        """Return the number of drawn exchanges without a label."""
        return int((self._drawn["outcome"] == _WAITING).sum())

    def update(self, columns: ExchangeColumns) -> int:
        """Read new exchanges of the model and return how many were drawn.

        Rows that were read before are left out, and so is a picture whose pixels were seen before. An exchange counts
        as many times as `kept_with` says that it stands for others.
        """
        fresh = columns.number > self.row
        rows = np.flatnonzero(fresh)
        if not len(rows):
            return 0
        self.row = int(columns.number.max())
        rows = rows[self._is_first(columns, rows)]
        stands_for = _stands_for(columns.kept_with[rows])
        confidence = _defined(columns.confidence[rows])
        probability = audit_probability(columns.confidence[rows], self.config)
        exchanges = self._exchanges + np.cumsum(stands_for)
        confidences = self._confidences + np.cumsum(stands_for * confidence)
        if len(rows):
            self._exchanges, self._confidences = float(exchanges[-1]), float(confidences[-1])
            largest = float(stands_for.max()) / (self.config.share * self.config.even)
            self._largest_weight = max(self._largest_weight, largest)
        drawn = np.flatnonzero(draw_uniform(columns.id[rows]) < probability)
        added = self._describe(columns, rows[drawn])
        added["confidence"], added["weight"] = confidence[drawn], (stands_for / probability)[drawn]
        added["exchanges"], added["confidences"] = exchanges[drawn], confidences[drawn]
        self._drawn, self._places = np.concatenate([self._drawn, added]), None
        return len(added)

    def label(self, exchange: str, truth: str, *, is_new: bool = False) -> bool:
        """Label an exchange and return True if it belongs to the sample; the last label holds."""
        place = self._place(exchange)
        if place is None:
            return False
        row = self._drawn[place]
        row["is_new"] = is_new
        row["outcome"] = _RIGHT if not is_new and self._labels.get(truth) == row["label"] else _WRONG
        return True

    def apply(self, feedback: Iterable[tuple[int, Feedback]]) -> int:
        """Label exchanges by feedback, as a store yields it with its numbers, and return how many were labelled."""
        labelled = 0
        for number, each in feedback:
            self.feedback = max(self.feedback, number)
            labelled += self.label(each.exchange, each.label, is_new=each.is_new)
        return labelled

    def forget(self, ids: Iterable[str], *, pictures: Iterable[str] = ()) -> int:
        """Drop drawn exchanges that were erased, and return how many; the sums over all exchanges are left.

        Args:
            ids: their identifiers.
            pictures: digests of their bytes and pixels, of which the hashes are dropped as well.
        """
        ids = list(ids)
        self._seen = self._seen[~np.isin(self._seen, _hash_all([*ids, *pictures]))]
        places = [place for each in ids if (place := self._place(each)) is not None]
        self._drawn, self._places = np.delete(self._drawn, places), None
        return len(places)

    def queue(self, limit: int | None = None) -> tuple[str, ...]:
        """Return the identifiers of drawn exchanges without a label, the oldest first."""
        places = np.flatnonzero(self._drawn["outcome"] == _WAITING)[:limit]
        return tuple(each.decode() for each in self._drawn["id"][places])

    def audits(self) -> Audits:
        """Return the labels that count: those of the longest beginning with at most `MOST_SKIPPED` without a label.

        So feedback that is given for wrong predictions only does not bias the estimate: it counts once the others
        around it have labels, too. The few without a label are taken to be like the others.
        """
        is_labelled = self._drawn["outcome"] != _WAITING
        skipped = np.cumsum(~is_labelled)
        complete = is_labelled & (skipped <= MOST_SKIPPED * np.arange(1, len(is_labelled) + 1))
        end = int(np.flatnonzero(complete)[-1]) + 1 if complete.any() else 0
        kept = self._drawn[:end][is_labelled[:end]]
        exchanges = float(kept["exchanges"][-1]) if end else 0.0
        return Audits(
            id=np.array([each.decode() for each in kept["id"]], object),
            time=kept["time"].copy(),
            confidence=kept["confidence"].copy(),
            weight=kept["weight"].copy(),
            largest_weight=self._largest_weight,
            is_accepted=kept["is_accepted"].copy(),
            is_right=kept["outcome"] == _RIGHT,
            is_new=kept["is_new"].copy(),
            mean_confidence=float(kept["confidences"][-1]) / exchanges if end else 0.0,
            exchanges=exchanges,
            skipped=int(skipped[end - 1]) if end else 0,
            waiting=int(skipped[-1]) if len(skipped) else 0,
        )

    def to_bytes(self) -> bytes:
        """Serialise the state."""
        header = {
            "version": VERSION,
            "config": vars(self.config),
            "row": self.row,
            "feedback": self.feedback,
            "exchanges": self._exchanges,
            "confidences": self._confidences,
            "largest_weight": self._largest_weight,
            "labels": list(self._labels),
        }
        text = np.frombuffer(json.dumps(header, allow_nan=False).encode(), np.uint8)
        buffer = io.BytesIO()
        np.savez_compressed(buffer, header=text, drawn=self._drawn, seen=self._seen)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "AuditState":
        """Parse a serialised state.

        Raises:
            StoreError: it is damaged or of another version.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                header = json.loads(arrays["header"].tobytes())
                drawn, seen = arrays["drawn"], arrays["seen"]
            return cls._restore(header, drawn, seen)
        except _DAMAGES as error:
            raise StoreError(
                f"The kept state of the audit cannot be read: {error}.",
                hint="Discard the state; it is computed again from the store.",
            ) from error

    @classmethod
    def _restore(cls, header: dict[str, Any], drawn: np.ndarray, seen: np.ndarray) -> "AuditState":
        if header["version"] != VERSION:
            raise ValueError(f"it has version {header['version']}, and this one reads version {VERSION}")
        if drawn.dtype != _DRAWN or seen.dtype != np.uint64 or drawn.ndim != 1 or seen.ndim != 1:
            raise ValueError("its arrays have other types")
        state = cls(AuditConfig(**header["config"]))
        state.row, state.feedback = int(header["row"]), int(header["feedback"])
        state._exchanges, state._confidences = float(header["exchanges"]), float(header["confidences"])
        state._largest_weight = float(header["largest_weight"])
        state._labels = {str(each): place for place, each in enumerate(header["labels"])}
        state._drawn, state._seen = drawn, seen
        return state

    def _is_first(self, columns: ExchangeColumns, rows: np.ndarray) -> np.ndarray:
        """Return whether each picture is seen for the first time, bool `[n]`, and remember it."""
        keys = _hash_all(_picture_of(columns, rows))
        first = np.zeros(len(rows), bool)
        first[np.unique(keys, return_index=True)[1]] = True
        first &= ~np.isin(keys, self._seen)
        self._seen = np.concatenate([self._seen, keys[first]])[-REMEMBERED:]
        return first

    def _describe(self, columns: ExchangeColumns, rows: np.ndarray) -> np.ndarray:
        added = np.zeros(len(rows), _DRAWN)
        added["number"], added["time"] = columns.number[rows], columns.time[rows]
        added["id"] = [str(each).encode() for each in columns.id[rows]]
        added["label"] = [self._labels.setdefault(str(each), len(self._labels)) for each in columns.label[rows]]
        added["is_accepted"] = columns.decision[rows] == "accept"
        truth, is_new = columns.truth[rows], columns.is_new[rows].astype(bool)
        right = (truth == columns.label[rows]) & ~is_new
        is_labelled = np.array([each is not None for each in truth], bool)
        added["outcome"] = np.where(is_labelled, np.where(right, _RIGHT, _WRONG), _WAITING)
        added["is_new"] = is_labelled & is_new
        return added

    def _place(self, exchange: str) -> int | None:
        if self._places is None:
            self._places = {each.decode(): place for place, each in enumerate(self._drawn["id"])}
        return self._places.get(exchange)


def _picture_of(columns: ExchangeColumns, rows: np.ndarray) -> list[str]:
    """Return the best known identity of each picture: of its pixels, else of its bytes, else of the exchange."""
    named = zip(columns.pixels[rows], columns.content[rows], columns.id[rows], strict=True)
    return [pixels or content or identifier for pixels, content, identifier in named]


def _hash_all(texts: Sequence[str]) -> np.ndarray:
    digests = (hashlib.blake2b(each.encode(), digest_size=8).digest() for each in texts)
    return np.frombuffer(b"".join(digests), np.uint64)


def _stands_for(kept_with: np.ndarray) -> np.ndarray:
    known = np.isfinite(kept_with) & (kept_with > 0) & (kept_with <= 1)
    return 1 / np.where(known, kept_with, 1.0)


def _defined(confidence: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(confidence), np.clip(confidence, 0, 1), 0.5)
