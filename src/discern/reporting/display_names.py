"""What classes are called in words, where their labels are codes such as `n03394916`."""

from collections.abc import Mapping
from typing import Self

from markupsafe import Markup


class Names:
    """Names of labels; a label without one is called by itself."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = {label: name for label, name in names.items() if name and name != label}

    @classmethod
    def of(cls, names: Mapping[str, Mapping[str, str | None]]) -> Self:
        """The names that a run's metrics hold: label to `name`, `spoken` and `route`."""
        return cls({label: (own.get("name") or "").strip() for label, own in names.items()})

    def say(self, label: str) -> str:
        """The name alone, for a sentence."""
        return self._names.get(label, label)

    def show(self, label: str) -> Markup:
        """The name with the label small beside it, whichever way either is written."""
        if label not in self._names:
            return Markup("<bdi>{}</bdi>").format(label)
        return Markup('<bdi>{}</bdi> <bdi class="code">{}</bdi>').format(self._names[label], label)
