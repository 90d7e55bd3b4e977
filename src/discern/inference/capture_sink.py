"""Interface that keeps captured exchanges."""

from collections.abc import Sequence
from typing import Protocol

from discern.inference.exchange import Exchange, Feedback


class CaptureSink(Protocol):
    """Protocol for what keeps the exchanges of a server or a function.

    No method raises for a full disk, a missing folder or a database that is down: what cannot be kept is counted.
    """

    @property
    def keeps_pictures(self) -> bool:
        """Return True if pictures are kept, and not only their embeddings and hashes."""

    @property
    def lost(self) -> int:
        """Return the number of exchanges and feedback that could not be kept, since this sink was opened."""

    def sampling(self, exchange_id: str, decision: str) -> float:
        """Return the probability with which an exchange is kept, or 0 if this one is not kept."""

    def keep(self, exchanges: Sequence[Exchange]) -> int:
        """Append exchanges with one write before their response is sent, and return how many were kept."""

    def keep_feedback(self, feedback: Feedback) -> bool:
        """Append feedback, and return True if it was kept."""

    def close(self) -> None:
        """Pass on what is still waiting, and close."""
