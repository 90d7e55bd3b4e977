"""Display names for labels that are codes, such as `n03394916`."""

from collections.abc import Mapping
from typing import Self

from markupsafe import Markup


class DisplayNames:
    """Display names by label; a label without one is shown as it is."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = {label: name for label, name in names.items() if name and name != label}

    @classmethod
    def from_metrics(cls, names: Mapping[str, Mapping[str, str | None]]) -> Self:
        """Create display names from `names` in a run's metrics: label to `name`, `spoken` and `route`."""
        return cls({label: (own.get("name") or "").strip() for label, own in names.items()})

    def text(self, label: str) -> str:
        """Return the display name of a label as plain text."""
        return self._names.get(label, label)

    def html(self, label: str) -> Markup:
        """Return the display name and label as HTML with isolated text directions."""
        if label not in self._names:
            return Markup("<bdi>{}</bdi>").format(label)
        return Markup('<bdi>{}</bdi> <bdi class="code">{}</bdi>').format(self._names[label], label)
