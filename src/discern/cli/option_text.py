"""Values of options as the text that a command line would have."""

from collections.abc import Mapping
from typing import Any

from discern.errors import UsageError

NONE = "none"


def option_text(name: str, value: Any, *, repeated: bool = False) -> Any:
    """Return a value as a command line would have it: text, or a list of texts for a repeated option.

    >>> option_text("ordered", ["low", "high"]), option_text("set", {"blurred": 0.2}, repeated=True)
    ('low,high', ['blurred=0.2'])
    >>> option_text("parts", (70.0, 20.0, 10.0)), option_text("coverage", None)
    ('70.0/20.0/10.0', 'none')
    """
    if isinstance(value, Mapping):
        pairs = [f"{key}={_plain(name, each)}" for key, each in value.items()]
        return pairs if repeated else ",".join(_without_commas(name, pairs)) or NONE
    if isinstance(value, list | tuple):
        texts = [_plain(name, each) for each in value]
        if repeated:
            return texts
        return "/".join(texts) if name == "parts" else ",".join(_without_commas(name, texts))
    return _plain(name, value)


def _plain(name: str, value: Any) -> Any:
    if value is None:
        return NONE
    if isinstance(value, bool):
        return value
    if not isinstance(value, str | int | float):
        raise UsageError(f"The value of {name} cannot be written on a command line: {value!r}.", hint="Use Python.")
    return str(value)


def _without_commas(name: str, texts: list[str]) -> list[str]:
    for text in texts:
        if "," in text:
            raise UsageError(
                f"The value {text!r} of {name} has a comma, which separates values on the command line.",
                hint="Run it from Python, where the option takes a list.",
            )
    return texts
