"""State of the looks at one model's exchanges, which a look continues and keeps for the next one."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from discern.bundle import Model
from discern.errors import StoreError
from discern.inference.exchange import Feedback
from discern.watching.audits.audit_sample import AuditConfig
from discern.watching.audits.audit_state import AuditState
from discern.watching.drift.drift_monitor import DriftMonitor, forget_in_state
from discern.watching.looking.kept_look import pack_look, unpack_look
from discern.watching.stores.exchange_store import ExchangeColumns


class RunningLook:
    """Measurements of all looks at one model's exchanges so far.

    Exchanges are taken in the order of their numbers and each once, as tests that hold at any time require.

    Args:
        model: the model; drift is not measured if its bundle has no reference.
        audit: size and shape of the audit sample.
        average_run: for a stream without end, see `DriftMonitor`; None for alarms that hold for the life of a bundle.

    Attributes:
        drift: tests for drift; None without a reference.
        audit: drawn exchanges with their labels.
        row: highest number of the exchanges that were taken.
        exchanges: number of the exchanges that were taken.
        first: time of the first one in seconds since 1970 UTC; None without any.
        last: time of the last one.
        classes: number of exchanges by predicted label.
        without_embedding: number of exchanges that have no embedding, or one of another length.
    """

    def __init__(self, model: Model, audit: AuditConfig, *, average_run: float | None = None) -> None:
        self._model, self._average_run = model, average_run
        self.drift = self._open_drift()
        self.audit = AuditState(audit)
        self.row = 0
        self.exchanges = 0
        self.first: float | None = None
        self.last: float | None = None
        self.classes: Counter[str] = Counter()
        self.without_embedding = 0

    def take(self, columns: ExchangeColumns) -> None:
        """Take new exchanges of the model, in the order of their numbers."""
        if not len(columns):
            return
        self.row = int(columns.number[-1])
        self.exchanges += len(columns)
        self.first = float(columns.time.min()) if self.first is None else self.first
        self.last = float(max(columns.time.max(), self.first if self.last is None else self.last))
        self.classes.update(map(str, columns.label))
        if columns.embedding is None:
            self.without_embedding += len(columns)
        self.audit.update(columns)
        if self.drift is not None:
            self.drift.update(columns)

    def take_feedback(self, feedback: Iterable[tuple[int, Feedback]]) -> None:
        """Take new feedback in its order; exchanges that come later bring their label with them."""
        self.audit.apply(feedback)

    def forget(self, ids: Iterable[str]) -> None:
        """Drop what names the given exchanges, which were erased; what was counted of them stays counted."""
        gone = set(ids)
        self.audit.forget(gone)
        if self.drift is not None:
            self.drift = self._open_drift(forget_in_state(self.drift.to_bytes(), gone))

    def to_bytes(self) -> bytes:
        """Serialise the state."""
        header = {
            "row": self.row,
            "exchanges": self.exchanges,
            "first": self.first,
            "last": self.last,
            "classes": dict(self.classes),
            "without_embedding": self.without_embedding,
        }
        drift = b"" if self.drift is None else self.drift.to_bytes()
        return pack_look(header, {"audit": self.audit.to_bytes(), "drift": drift})

    @classmethod
    def from_bytes(
        cls, data: bytes, model: Model, audit: AuditConfig, *, average_run: float | None = None
    ) -> "RunningLook":
        """Parse a serialised state.

        Args:
            data: the state.
            model: the same model.
            audit: size and shape of the audit sample for exchanges to come.
            average_run: as for the look that kept it.

        Raises:
            StoreError: it is damaged or of another version.
        """
        header, parts = unpack_look(data)
        look = cls(model, audit, average_run=average_run)
        try:
            look._restore(header, parts)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreError(f"What earlier looks kept cannot be read: {error}.") from error
        return look

    def _restore(self, header: dict[str, Any], parts: dict[str, bytes]) -> None:
        config, self.audit = self.audit.config, AuditState.from_bytes(parts["audit"])
        self.audit.config = config
        if (self.drift is None) != (not parts["drift"]):
            raise ValueError("it was kept with another reference")
        if self.drift is not None:
            self.drift = self._open_drift(parts["drift"])
        self.row, self.exchanges = int(header["row"]), int(header["exchanges"])
        self.first, self.last = header["first"], header["last"]
        self.classes = Counter(header["classes"])
        self.without_embedding = int(header["without_embedding"])

    def _open_drift(self, state: bytes | None = None) -> DriftMonitor | None:
        reference, labels, run = self._model.reference, self._model.labels, self._average_run
        if reference is None:
            return None
        if state is None:
            return DriftMonitor(reference, labels, average_run=run)
        return DriftMonitor.from_bytes(state, reference, labels, average_run=run)
