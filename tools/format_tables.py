"""Tables of JSON objects for the reference of formats, generated from dataclasses and their docstrings."""

import dataclasses
import re
import types
import typing
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from tools.docstrings import markdown_table, parse_docstring

from discern.evaluating import Calibration, ReliabilityBin

Row = tuple[str, str, str]
"""Key, type and meaning."""

HEAD = ("Key", "Type", "Meaning")
_SCALARS = {
    str: "string",
    float: "number",
    int: "integer",
    bool: "boolean",
    type(None): "null",
    Any: "any",
    Path: "string",
}


def title(class_: type) -> str:
    """Return the heading of a dataclass: its name in words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", class_.__name__).capitalize()


def type_text(hint: Any) -> str:
    """Return the JSON type of a type hint in words, with links to the sections of dataclasses."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint):
        return f"[{title(hint).lower()}](#{title(hint).lower().replace(' ', '-')})"
    if hint is np.ndarray:
        return "list of lists of numbers"
    if origin in {typing.Union, types.UnionType}:
        return " or ".join(dict.fromkeys(type_text(each) for each in inner))
    if origin is typing.Literal:
        return " or ".join(dict.fromkeys(_SCALARS[type(each)] for each in inner))
    if origin in {tuple, list, Sequence}:
        return f"list of {plural(type_text(inner[0]))}"
    if origin in {dict, Mapping}:
        return "object" if inner[1] is Any else f"object of {plural(type_text(inner[1]))}"
    return _SCALARS[hint]


def plural(text: str) -> str:
    """Return a type in the plural: `list of numbers`."""
    if " or " in text:
        return " or ".join(map(plural, text.split(" or ")))
    if text.startswith(("list of", "object of")):
        return re.sub(r"^(list|object)", r"\1s", text)
    return text if text.startswith("[") or text.endswith("s") else f"{text}s"


def rows(class_: type, *, leave_out: Collection[str] = ()) -> Iterator[Row]:
    """Yield the rows of a dataclass, with the keys of its JSON.

    Raises:
        ValueError: an attribute has no description, or a description belongs to no attribute.
    """
    meanings, hints = _meanings(class_), typing.get_type_hints(class_)
    renamed = {item.name: item.metadata.get("json") or item.name for item in dataclasses.fields(class_)}
    for item in dataclasses.fields(class_):
        key = item.metadata.get("json", item.name)
        meaning = meanings.pop(item.name, None)
        if meaning is None:
            raise ValueError(f"{class_.__name__}.{item.name} has no description in a docstring.")
        if key is None or key in leave_out:
            continue
        if hints[item.name] is Calibration:
            yield from calibration_rows()
            continue
        optional = ", optional" if item.metadata.get("optional") else ""
        meaning = meaning.replace("None in files of earlier", "missing in files of earlier") if optional else meaning
        yield f"`{key}`", f"{type_text(hints[item.name])}{optional}", in_json(meaning, renamed)
    if meanings:
        raise ValueError(f"{class_.__name__} has no attribute {', '.join(meanings)}, but a description of it.")


def calibration_rows() -> Iterator[Row]:
    """Yield the rows of a calibration, which stands among the keys of the object that has it."""
    meanings = _meanings(Calibration)
    yield "`ece`", type_text(Calibration.error.fget.__annotations__["return"]), meanings["ece"]  # type: ignore[attr-defined]
    yield "`reliability`", type_text(Sequence[ReliabilityBin]), meanings["bins"]


def _meanings(class_: type) -> dict[str, str]:
    found: dict[str, str] = {}
    for base in reversed(class_.__mro__):
        if dataclasses.is_dataclass(base):
            docstring = parse_docstring(base)
            found |= docstring.entries("Attributes") or docstring.entries("Args")
    return found


def in_json(text: str, renamed: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return a description in the terms of JSON, with keys in place of the attributes that are renamed."""
    text = re.sub(r"`(\w+)`", lambda found: f"`{renamed.get(found[1], found[1])}`", text)
    return text.replace("None", "null").replace("True", "true").replace("False", "false")


def table(entries: Iterable[Row]) -> list[str]:
    """Return the lines of a table of keys."""
    return markdown_table(HEAD, entries)


def section(class_: type, *, level: str = "###", leave_out: Collection[str] = ()) -> list[str]:
    """Return the lines of the section of a dataclass: heading, summary and table."""
    summary = in_json(parse_docstring(class_).summary)
    return [f"{level} {title(class_)}", "", summary, "", *table(rows(class_, leave_out=leave_out))]


def nested(*roots: type, known: Collection[type] = ()) -> list[type]:
    """Return the dataclasses in the JSON of others, each once in the order in which they are reached, without these."""
    found: list[type] = []
    pending = [hint for root in roots for hint in _inner(root)]
    while pending:
        class_ = pending.pop(0)
        if class_ not in found and class_ not in roots and class_ not in known:
            found.append(class_)
            pending += _inner(class_)
    return found


def _inner(class_: type) -> Iterator[type]:
    hints = typing.get_type_hints(class_)
    for item in dataclasses.fields(class_):
        if item.metadata.get("json", item.name) is not None:
            yield from _classes(hints[item.name])


def _classes(hint: Any) -> Iterator[type]:
    if hint is Calibration:
        yield from (*_classes(Calibration.error.fget.__annotations__["return"]), ReliabilityBin)  # type: ignore[attr-defined]
    elif dataclasses.is_dataclass(hint):
        yield hint  # type: ignore[misc]
    for inner in typing.get_args(hint):
        yield from _classes(inner)
