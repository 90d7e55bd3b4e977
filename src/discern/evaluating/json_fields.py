"""Functions that serialise frozen dataclasses to JSON and back, based on their type hints."""

import types
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

_T = TypeVar("_T")
_KEY, _OPTIONAL = "json", "optional"
_WORDS = {float: "a number", int: "a whole number", str: "text", bool: "true or false"}


def key(name: str | None) -> dict[str, str | None]:
    """Create field metadata that sets the JSON key of an attribute, or omits it if None."""
    return {_KEY: name}


def optional() -> dict[str, bool]:
    """Create field metadata that omits an attribute while it is None, as files of earlier versions lack its key."""
    return {_OPTIONAL: True}


def encode(value: Any) -> Any:
    """Convert nested dataclasses, tuples and mappings to JSON-ready values."""
    if hasattr(value, "to_json"):
        return value.to_json()
    if is_dataclass(value):
        return encode_fields(value)
    if isinstance(value, Mapping):
        return {name: encode(each) for name, each in value.items()}
    return [encode(each) for each in value] if isinstance(value, list | tuple) else value


def encode_fields(value: Any) -> dict[str, Any]:
    """Convert a dataclass to a JSON-ready dictionary with keys in field order."""
    plain = {name: encode(getattr(value, item.name)) for name, item in _named_fields(value)}
    left_out = {name for name, item in _named_fields(value) if item.metadata.get(_OPTIONAL) and plain[name] is None}
    return {name: each for name, each in plain.items() if name not in left_out}


def decode(kind: type[_T], plain: Any, *, at: str = "") -> _T:
    """Create a value of a given type from the output of `encode`.

    Keys without a field are ignored. A key that is missing or null gives the field's default; without one, the empty
    value of its type: None, an empty tuple or mapping, or a dataclass that needs no arguments. A class with a
    `from_json` of its own is built by that.

    Args:
        kind: the type; unions with None, tuples of any length, mappings, dataclasses and scalars are known.
        plain: JSON-ready values.
        at: their key, for messages.

    Raises:
        ValueError: a value has the wrong type, or one without default and empty value is missing.
    """
    found: _T = _decode(kind, plain, at)
    return found


def decode_fields(kind: type[_T], plain: Any, *, at: str = "", **given: Any) -> _T:
    """Create a dataclass from JSON values, and use the `given` fields unchanged."""
    if not isinstance(plain, Mapping):
        raise ValueError(_expected("an object", plain, at))
    hints = get_type_hints(kind)
    values = dict(given)
    for name, item in _named_fields(kind):
        found = plain.get(name)
        if item.name not in given and not (found is None and _has_default(item)):
            values[item.name] = _decode(hints[item.name], found, f"{at}.{name}".lstrip("."))
    return kind(**values)


def _decode(kind: Any, plain: Any, at: str) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        wanted = next(each for each in inner if each is not type(None))
        return None if plain is None else _decode(wanted, plain, at)
    if origin is tuple:
        return tuple(_decode(inner[0], each, f"{at}[{place}]") for place, each in _items(plain, at))
    if origin is not None:
        return _mapping(inner[1], plain, at)
    if is_dataclass(kind):
        return _dataclass(kind, plain, at)
    return plain if kind is Any else _scalar(kind, plain, at)


def _dataclass(kind: Any, plain: Any, at: str) -> Any:
    if plain is None and all(_has_default(item) for item in fields(kind)):
        return kind()
    return kind.from_json(plain) if hasattr(kind, "from_json") else decode_fields(kind, plain, at=at)


def _items(plain: Any, at: str) -> Any:
    if plain is not None and not isinstance(plain, list | tuple):
        raise ValueError(_expected("a list", plain, at))
    return enumerate(plain or ())


def _mapping(kind: Any, plain: Any, at: str) -> dict[str, Any]:
    if plain is not None and not isinstance(plain, Mapping):
        raise ValueError(_expected("an object", plain, at))
    return {str(name): _decode(kind, each, f"{at}.{name}") for name, each in (plain or {}).items()}


def _scalar(kind: type, plain: Any, at: str) -> Any:
    """Validate the type of a JSON scalar, and accept an integer in place of a float."""
    allowed = (int, float) if kind is float else kind
    if not isinstance(plain, allowed) or (isinstance(plain, bool) and kind is not bool):
        raise ValueError(_expected(_WORDS[kind], plain, at))
    return plain


def _has_default(item: Field[Any]) -> bool:
    return item.default is not MISSING or item.default_factory is not MISSING


def _named_fields(kind: Any) -> Iterator[tuple[str, Field[Any]]]:
    """Yield the JSON key and field of each serialised attribute."""
    for item in fields(kind):
        name = item.metadata.get(_KEY, item.name)
        if name is not None:
            yield name, item


def _expected(what: str, plain: Any, at: str) -> str:
    return f"{at or 'The value'} must be {what}, not {plain!r:.80}."
