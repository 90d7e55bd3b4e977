"""Display names of labels.

They are for labels that are codes, such as `n03394916`.
"""

from collections.abc import Mapping
from typing import Self

from markupsafe import Markup


class DisplayNames:
    """Display names of labels.

    A label without a display name is shown as it is.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = {label: name for label, name in names.items() if name and name != label}

    @classmethod
    def from_metrics(cls, names: Mapping[str, Mapping[str, str | None]]) -> Self:
        """Create display names from the names in a run's metrics.

        `names` maps a label to `name`, `spoken` and `route`.
        """
        return cls({label: (own.get("name") or "").strip() for label, own in names.items()})

    def text(self, label: str) -> str:
        """Return the display name of a label for use in a sentence."""
        return self._names.get(label, label)

    def html(self, label: str) -> Markup:
        """Return the display name and the label as HTML.

        Each is isolated from the text direction of the other.
        """
        if label not in self._names:
            return Markup("<bdi>{}</bdi>").format(label)
        return Markup('<bdi>{}</bdi> <bdi class="code">{}</bdi>').format(self._names[label], label)
