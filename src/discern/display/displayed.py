"""Base of results that a notebook shows as a card, and any other shell as one short line."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from discern.errors import shorten

if TYPE_CHECKING:
    from discern.display.html_card import HtmlCard

_PLAIN = (str, int, float, Path)
_MOST_COUNTS = 8
_LONGEST = 100


class Displayed:
    """Base of results with a short text and a card; a result chooses by `_brief` and `_to_card` what they show.

    Its dataclass has `repr=False`, so that this text is used.
    """

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={_short(value)}" for name, value in self._brief().items())
        return f"{type(self).__name__}({shown})"

    def _repr_html_(self) -> str:
        return self._to_card().render()

    def _brief(self) -> dict[str, Any]:
        """Return the attributes that the text shows: numbers, texts and paths."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}  # type: ignore[arg-type]
        return {name: value for name, value in values.items() if isinstance(value, _PLAIN)}

    def _to_card(self) -> "HtmlCard":
        from discern.display.html_card import HtmlCard  # noqa: PLC0415 - in notebooks only

        facts = [(name.replace("_", " "), value) for name, value in self._brief().items() if value not in ("", None)]
        for item in fields(self):  # type: ignore[arg-type]
            value = getattr(self, item.name)
            if isinstance(value, Mapping) and 0 < len(value) <= _MOST_COUNTS:
                plain = [f"{name}: {each}" for name, each in value.items() if isinstance(each, _PLAIN)]
                facts += [(item.name.replace("_", " "), ", ".join(plain))] if plain else []
        return HtmlCard("Discern", type(self).__name__).facts(facts)


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Displayed):
        return repr(value)
    return repr(shorten(str(value), _LONGEST)) if isinstance(value, str | Path) else shorten(repr(value), _LONGEST)
