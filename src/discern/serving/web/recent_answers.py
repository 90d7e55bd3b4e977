"""Identifiers of the answers that a server process gave lately, with the classes of the model."""

from collections import OrderedDict
from collections.abc import Iterable

from discern.inference.known_labels import KnownLabels

MAX_ANSWERS = 50_000  # not tuned: about 8 MB


class RecentAnswers:
    """Bounded memory of the last answers.

    Args:
        most: number of answers that are remembered; the oldest is forgotten first.
    """

    def __init__(self, most: int = MAX_ANSWERS) -> None:
        self._most = most
        self._labels: OrderedDict[str, KnownLabels] = OrderedDict()

    def add(self, ids: Iterable[str], labels: KnownLabels) -> None:
        """Remember answers of a model with these classes."""
        for each in ids:
            self._labels[each] = labels
        while len(self._labels) > self._most:
            self._labels.popitem(last=False)

    def get(self, exchange: str) -> KnownLabels | None:
        """Return the classes of the model that gave an answer, or None if it is not remembered."""
        return self._labels.get(exchange)
