"""State of the looks at one model's exchanges, which a look continues and keeps for the next one."""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from discern.bundle.reference_pictures import ReferencePictures
from discern.errors import StoreError
from discern.inference.exchange import Feedback
from discern.watching.audits.audit_sample import AuditConfig
from discern.watching.audits.audit_state import AuditState
from discern.watching.looks.kept_look import pack_look, unpack_look
from discern.watching.looks.open_drift import open_drift
from discern.watching.stores.exchange_store import ExchangeColumns

MAX_UNKNOWNS = 2_000
"""Unknown pictures among which new classes are sought, the last ones; not tuned."""

_MAX_EARLY = 10_000  # feedback for exchanges that were not drawn, or have not come yet; not tuned


class RunningLook:
    """What all looks at one model's exchanges have measured so far.

    Exchanges are taken in the order of their numbers and each once, as tests that hold at any time require.

    Args:
        reference: held-out pictures of the bundle; None if it has none, so that drift is not measured.
        audit: size and shape of the audit sample.

    Attributes:
        drift: tests for drift; None without a reference.
        audit: drawn exchanges with their labels.
        row: highest number of the exchanges that were taken.
        exchanges: number of the exchanges that were taken.
        first: time of the first one in seconds since 1970 UTC; None without any.
        last: time of the last one.
        classes: number of exchanges by predicted label.
        unknowns: identifiers of the last unknown exchanges, the latest last.
        without_embedding: number of exchanges that have no embedding, or one of another length.
    """

    def __init__(self, reference: ReferencePictures | None, audit: AuditConfig) -> None:
        self.drift = None if reference is None else open_drift(reference)
        self.audit = AuditState(audit)
        self.row = 0
        self.exchanges = 0
        self.first: float | None = None
        self.last: float | None = None
        self.classes: Counter[str] = Counter()
        self.unknowns: deque[str] = deque(maxlen=MAX_UNKNOWNS)
        self.without_embedding = 0
        self._early: dict[str, Feedback] = {}

    def take(self, columns: ExchangeColumns) -> None:
        """Take new exchanges of the model, in the order of their numbers."""
        if not len(columns):
            return
        self.row = int(columns.number[-1])
        self.exchanges += len(columns)
        self.first = float(columns.time.min()) if self.first is None else self.first
        self.last = float(max(columns.time.max(), self.first if self.last is None else self.last))
        self.classes.update(map(str, columns.label))
        self.unknowns.extend(map(str, columns.id[columns.decision == "unknown"]))
        if columns.embedding is None:
            self.without_embedding += len(columns)
        # Labels come with their sources from the feedback: those of visitors are no random sample.
        self.audit.update(replace(columns, truth=np.full(len(columns), None), is_new=np.zeros(len(columns), bool)))
        if self.drift is not None:
            self.drift.update(columns)
        self._apply_early(map(str, columns.id))

    def take_feedback(self, feedback: Iterable[tuple[int, Feedback]]) -> None:
        """Take new feedback in its order; that for an exchange that has not come yet is applied when it comes."""
        for number, each in feedback:
            if not self.audit.apply([(number, each)]):
                self._early.pop(each.exchange, None)
                self._early[each.exchange] = each
        while len(self._early) > _MAX_EARLY:
            del self._early[next(iter(self._early))]

    def forget(self, ids: Iterable[str]) -> None:
        """Drop what names the given exchanges, which were erased; what was counted of them stays counted."""
        gone = set(ids)
        self.audit.forget(gone)
        self.unknowns = deque((each for each in self.unknowns if each not in gone), maxlen=MAX_UNKNOWNS)
        if self.drift is not None:
            self.drift.forget(gone)
        for each in gone:
            self._early.pop(each, None)

    def to_bytes(self) -> bytes:
        """Serialise the state."""
        header = {
            "row": self.row,
            "exchanges": self.exchanges,
            "first": self.first,
            "last": self.last,
            "classes": dict(self.classes),
            "unknowns": list(self.unknowns),
            "without_embedding": self.without_embedding,
            "early": [vars(each) for each in self._early.values()],
        }
        drift = b"" if self.drift is None else self.drift.to_bytes()
        return pack_look(header, {"audit": self.audit.to_bytes(), "drift": drift})

    @classmethod
    def from_bytes(cls, data: bytes, reference: ReferencePictures | None, audit: AuditConfig) -> "RunningLook":
        """Parse a serialised state.

        Args:
            data: the state.
            reference: held-out pictures of the same bundle.
            audit: size and shape of the audit sample for exchanges to come.

        Raises:
            StoreError: it is damaged or of another version.
        """
        header, parts = unpack_look(data)
        try:
            return cls._restore(header, parts, reference, audit)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreError(f"What earlier looks kept cannot be read: {error}.") from error

    @classmethod
    def _restore(
        cls, header: dict[str, Any], parts: dict[str, bytes], reference: ReferencePictures | None, audit: AuditConfig
    ) -> "RunningLook":
        look = cls(reference, audit)
        look.audit = AuditState.from_bytes(parts["audit"])
        look.audit.config = audit
        if (look.drift is None) != (not parts["drift"]):
            raise ValueError("it was kept with another reference")
        if reference is not None and look.drift is not None:
            look.drift = open_drift(reference, parts["drift"])
        look.row, look.exchanges = int(header["row"]), int(header["exchanges"])
        look.first, look.last = header["first"], header["last"]
        look.classes = Counter(header["classes"])
        look.unknowns.extend(header["unknowns"])
        look.without_embedding = int(header["without_embedding"])
        look._early = {each["exchange"]: Feedback(**each) for each in header["early"]}
        return look

    def _apply_early(self, ids: Iterable[str]) -> None:
        for each in ids:
            feedback = self._early.pop(each, None)
            if feedback is not None:
                self.audit.apply([(0, feedback)])
