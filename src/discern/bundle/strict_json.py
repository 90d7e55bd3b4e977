"""Functions that parse and validate untrusted JSON: UTF-8, unique keys, finite numbers, and bounded sizes.

A check is a function of a value and its place; it raises ValueError with a message that begins with the place.
"""

import json
import math
import reprlib
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any, str], None]

# Far above what bundles have: 32,768 labels with names and counts are 300,000 values in 6 MiB. Not tuned.
MAX_BYTES = 16 << 20
_MAX_VALUES = 400_000
_MAX_DEPTH = 16
_MAX_TEXT = 20_000
_MAX_DIGITS = 308  # an integer with more is larger than any double
_MAX_KEY = 40  # characters, in messages


def parse_strict_json(data: bytes) -> Any:
    """Parse JSON whose content any program can print, store and serialise again.

    Parsing takes many times the memory of its input; so values are counted first, by brackets and commas.

    Raises:
        ValueError: it is not JSON in UTF-8, an object has a key twice, a number is not finite or has too many digits,
            text has lone surrogates, or it is too large or too deeply nested.
    """
    if len(data) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES >> 20} MiB")
    if sum(data.count(mark) for mark in (b"{", b"[", b",")) > _MAX_VALUES:
        raise ValueError(f"it has more than {_MAX_VALUES:,} values")
    try:
        value = json.loads(
            data.decode(),
            parse_constant=_reject_constant,
            parse_float=_parse_float,
            parse_int=_parse_int,
            object_pairs_hook=_unique,
        )
    except RecursionError as error:
        raise ValueError("it is too deeply nested") from error
    _require_plain(value, 0)
    return value


def _reject_constant(constant: str) -> None:
    raise ValueError(f"{constant} is not a finite number")


def _parse_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is not a finite number")
    return number


def _parse_int(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise ValueError(f"it has a number of {len(text)} digits")
    return int(text)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        (key, _), *_ = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"it has the key {_shorten(key)} more than once")
    return found


def _require_plain(value: Any, depth: int) -> None:
    """Raise ValueError if a value is nested too deeply, or text in it is too long or has lone surrogates."""
    if depth > _MAX_DEPTH:
        raise ValueError(f"it is nested more than {_MAX_DEPTH} levels deep")
    if isinstance(value, dict):
        for key, each in value.items():
            _require_plain(key, depth)
            _require_plain(each, depth + 1)
    elif isinstance(value, list):
        for each in value:
            _require_plain(each, depth + 1)
    elif isinstance(value, str):
        if len(value) > _MAX_TEXT:
            raise ValueError(f"it has a text of more than {_MAX_TEXT:,} characters")
        if not value.isascii() and _has_surrogate(value):
            raise ValueError(f"the text {_shorten(value)} has half a surrogate pair")


def _has_surrogate(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def number(low: float = -math.inf, high: float = math.inf, *, above: bool = False) -> Check:
    """Create a check for finite numbers in a range, without `low` itself if `above`."""
    bounds = [f"above {low:g}" if above else f"at least {low:g}"] if low > -math.inf else []
    bounds += [f"at most {high:g}"] if high < math.inf else []
    expected = " ".join(["a number", " and ".join(bounds)]).strip()

    def check(value: Any, at: str) -> None:
        valid = isinstance(value, int | float) and not isinstance(value, bool)
        valid = valid and -sys.float_info.max <= value <= sys.float_info.max  # an integer may be larger, too
        _require(valid and low <= value <= high and not (above and value == low), value, at, expected)

    return check


def whole(low: int = 0, high: int = 2**53) -> Check:
    """Create a check for integers in a range."""

    def check(value: Any, at: str) -> None:
        valid = isinstance(value, int) and not isinstance(value, bool)
        _require(valid and low <= value <= high, value, at, f"a whole number from {low} to {high}")

    return check


def text(most: int) -> Check:
    """Create a check for strings of at most so many characters."""

    def check(value: Any, at: str) -> None:
        _require(isinstance(value, str) and len(value) <= most, value, at, f"text of at most {most:,} characters")

    return check


def flag(value: Any, at: str) -> None:
    """Check that a value is true or false."""
    _require(isinstance(value, bool), value, at, "true or false")


def null_or(check: Check) -> Check:
    """Create a check that also allows null."""
    return lambda value, at: None if value is None else check(value, at)


def list_of(check: Check, most: int) -> Check:
    """Create a check for lists of at most so many values."""

    def check_all(value: Any, at: str) -> None:
        _require(isinstance(value, list) and len(value) <= most, value, at, f"a list of at most {most:,} values")
        for place, each in enumerate(value):
            check(each, f"{at}[{place}]")

    return check_all


def object_of(check: Check) -> Check:
    """Create a check for objects with any keys, all of whose values pass another check."""

    def check_all(value: Any, at: str) -> None:
        _require(isinstance(value, dict), value, at, "an object")
        for key, each in value.items():
            check(each, _join(at, key))

    return check_all


def record(known: Mapping[str, Check], *, required: tuple[str, ...] = (), closed: bool = False) -> Check:
    """Create a check for objects with known keys.

    Args:
        known: checks of the values.
        required: keys that must be present.
        closed: whether other keys are rejected, rather than left unchecked.
    """

    def check_all(value: Any, at: str) -> None:
        _require(isinstance(value, dict), value, at, "an object")
        if missing := [key for key in required if key not in value]:
            raise ValueError(f"{at or 'it'} has no {', '.join(missing)}")
        if closed and (others := sorted(value.keys() - known.keys())):
            raise ValueError(f"{at or 'it'} has the unknown key {_shorten(others[0])}")
        for key, check in known.items():
            if key in value:
                check(value[key], _join(at, key))

    return check_all


def _require(valid: bool, value: Any, at: str, expected: str) -> None:  # noqa: FBT001
    if not valid:
        raise ValueError(f"{at or 'it'} must be {expected}, not {_shorten(value)}")


def _join(at: str, key: str) -> str:
    """Return the place of a value under a key, which may come from a forger."""
    shown = key if len(key) <= _MAX_KEY and key.isprintable() else _shorten(key)
    return f"{at}.{shown}" if at else shown


def _shorten(value: Any) -> str:
    return reprlib.repr(value)
