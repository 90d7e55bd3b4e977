"""A sink in memory, for tests of what is kept."""

from collections.abc import Sequence

from discern.inference.exchange import Exchange, Feedback


class MemorySink:
    """A sink that keeps everything in lists, with a probability by decision."""

    def __init__(self, *, keeps_pictures: bool = True, rates: dict[str, float] | None = None) -> None:
        self.keeps_pictures = keeps_pictures
        self.exchanges: list[Exchange] = []
        self.feedback: list[Feedback] = []
        self.lost = 0
        self._rates = rates or {}

    def sampling(self, exchange_id: str, decision: str) -> float:
        """Return the given probability; nothing is drawn."""
        assert len(exchange_id) == 32
        return self._rates.get(decision, 1.0)

    def keep(self, exchanges: Sequence[Exchange]) -> int:
        """Append exchanges."""
        self.exchanges += exchanges
        return len(exchanges)

    def keep_feedback(self, feedback: Feedback) -> bool:
        """Append feedback."""
        self.feedback.append(feedback)
        return True

    def close(self) -> None:
        """Do nothing."""
