"""Display names for class labels that are codes, such as `n03394916`."""

from collections.abc import Mapping
from typing import Self

from markupsafe import Markup


class DisplayNames:
    """Mapping of class labels to display names, which default to the label itself."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = {label: name for label, name in names.items() if name and name != label}

    @classmethod
    def from_metrics(cls, names: Mapping[str, Mapping[str, str | None]]) -> Self:
        """Create display names from the `names` in a run's metrics."""
        return cls({label: (own.get("name") or "").strip() for label, own in names.items()})

    def text(self, label: str) -> str:
        """Return the display name of a class label as plain text."""
        return self._names.get(label, label)

    def html(self, label: str) -> Markup:
        """Return the display name and class label as HTML with isolated text directions."""
        if label not in self._names:
            return Markup("<bdi>{}</bdi>").format(label)
        return Markup('<bdi>{}</bdi> <bdi class="code">{}</bdi>').format(self._names[label], label)
