"""Class labels of a model with the other names that people give them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from discern.bundle import Manifest


class KnownLabels:
    """Class labels of a model, found by the label itself, its display name or an alias.

    Case and underscores do not matter, unless that makes two labels alike.

    Args:
        labels: the class labels.
        names: display names of labels: label to `name`, `spoken`, `route`.
        aliases: other names of labels, by label.
    """

    def __init__(
        self,
        labels: Iterable[str],
        *,
        names: Mapping[str, Mapping[str, str]] | None = None,
        aliases: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._labels = frozenset(labels)
        self._folded: dict[str, set[str]] = {}
        for label in self._labels:
            shown = (names or {}).get(label, {}).get("name", "")
            for text in (label, shown, *(aliases or {}).get(label, ())):
                self._folded.setdefault(_fold(text), set()).add(label)

    @classmethod
    def of(cls, manifest: "Manifest") -> "KnownLabels":
        """Return the labels of a bundle."""
        return cls(manifest.labels, names=manifest.names, aliases=manifest.aliases)

    def find(self, text: str) -> str | None:
        """Return the label that a text names, or None if it names none or several.

        >>> KnownLabels(["red_apple"], names={"red_apple": {"name": "Gala"}}).find("gala")
        'red_apple'
        """
        if text in self._labels:
            return text
        found = self._folded.get(_fold(text), set()) if _fold(text) else set()
        return next(iter(found)) if len(found) == 1 else None


def _fold(text: str) -> str:
    return " ".join(text.replace("_", " ").split()).casefold()
