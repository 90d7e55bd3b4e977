"""A sink that keeps exchanges in lists."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from discern.inference.exchange import Exchange, Feedback


@dataclass
class ListingSink:
    """Sink in memory, which can be full.

    Attributes:
        exchanges: what it has kept.
        feedback: feedback that it has kept.
        is_full: whether it loses what it is given.
        keeps_pictures: whether it keeps pictures.
        rate: probability with which it keeps an exchange; 0 to keep none.
        lost: number of lost exchanges and feedback.
        is_closed: whether it was closed.
    """

    exchanges: list[Exchange] = field(default_factory=list)
    feedback: list[Feedback] = field(default_factory=list)
    is_full: bool = False
    keeps_pictures: bool = True
    rate: float = 1.0
    lost: int = 0
    is_closed: bool = False

    def sampling(self, exchange_id: str, decision: str) -> float:
        assert len(exchange_id) == 32
        assert decision in ("accept", "review", "unknown")
        return self.rate

    def keep(self, exchanges: Sequence[Exchange]) -> int:
        if self.is_full:
            self.lost += len(exchanges)
            return 0
        self.exchanges += exchanges
        return len(exchanges)

    def keep_feedback(self, feedback: Feedback) -> bool:
        if self.is_full:
            self.lost += 1
            return False
        self.feedback.append(feedback)
        return True

    def close(self) -> None:
        self.is_closed = True
