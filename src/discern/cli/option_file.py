"""Options in a file, `discern.toml`.

A table of the name of a command holds options of that command; keys outside of tables are defaults of all commands that
have such an option. Relative paths are relative to the folder of the file.
"""

import difflib
import functools
import tomllib
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from discern.cli.option_text import option_text
from discern.errors import UsageError, bound_message

FILE = "discern.toml"
_KINDS: dict[type, str] = {
    bool: "true or false",
    str: "text",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "a table",
}
_MAX_BYTES = 1 << 20
# Text options that may also be written as a list, a table or a number.
_LISTS = {"ordered", "classes", "drop", "parts"}
_TABLES = {"parts_of", "set", "at_least"}
_NUMBERS = {"at_most_wrong", "coverage", "threshold"}
_PATHS = {
    *("source", "bundle", "bundles", "run", "paths", "undo", "fixes", "negatives", "names", "runs", "cache", "out"),
    *("sheet", "sort", "examples", "like", "against", "keys", "key_file"),
    *("wheels", "runtime", "prices", "traffic", "record"),
}


def read_option_file(path: Path, commands: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Read a file of options.

    Args:
        path: the file.
        commands: the commands of the command line by their names.

    Returns:
        For each command, the values by the names of its parameters, as a command line would have them.

    Raises:
        UsageError: the file cannot be read, or a key or the type of a value is wrong.
    """
    content = _parse(path)
    sections = {key: value for key, value in content.items() if isinstance(value, dict) and key in commands}
    shared = {key: value for key, value in content.items() if key not in sections}
    found: dict[str, dict[str, Any]] = {name: {} for name in commands}
    every = {key for command in commands.values() for key in _parameters(command)}
    for key, value in shared.items():
        name = _require_key(path, key, value, every, sections=commands)
        for command in commands:
            if name in (parameters := _parameters(commands[command])):
                found[command] |= _value(path, key, name, parameters[name], value)
    for command, options in sections.items():
        parameters = _parameters(commands[command])
        given: dict[str, str] = {}
        for key, value in options.items():
            name = _require_key(path, key, value, parameters, section=command)
            if given.setdefault(name, key) != key:
                raise UsageError(f"{path}: {given[name]} and {key} in [{command}] are one option.", hint="Keep one.")
            found[command] |= _value(path, f"{command}.{key}", name, parameters[name], value)
    return found


def _parse(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise UsageError(f"There is no file of options at {path}.", hint="Pass the path of a TOML file with --config.")
    try:
        if not path.is_file() or path.stat().st_size > _MAX_BYTES:
            raise UsageError(f"{path} is not a file of options.", hint="Pass another with --config, or none.")
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", hint="Check its permissions.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(
            bound_message(f"{path} is not valid TOML: {error}."), hint="Correct it, or ignore it with --config none."
        ) from error


@dataclass(frozen=True)
class _Parameter:
    """Parameter of a command, with the types of its values as in the annotation of the command's function."""

    name: str
    types: tuple[Any, ...]

    @property
    def repeated(self) -> bool:
        """Return True if it takes several values."""
        return list[str] in self.types


@functools.cache
def _parameters(command: Any) -> dict[str, _Parameter]:
    """Return the parameters of a command that a file can set, by the names that they have there."""
    hints = typing.get_type_hints(command.callback)
    return {
        _name(param): _Parameter(param.name, typing.get_args(hints[param.name]) or (hints[param.name],))
        if hints[param.name] != list[str]
        else _Parameter(param.name, (list[str],))
        for param in command.params
        if param.name in hints and not param.hidden
    }


def _name(param: Any) -> str:
    name = param.opts[0].lstrip("-") if param.param_type_name == "option" else param.name
    return str(name).replace("-", "_")


def _require_key(
    path: Path,
    key: str,
    value: Any,
    known: Iterable[str],
    *,
    section: str | None = None,
    sections: Iterable[str] = (),
) -> str:
    name = key.replace("-", "_")
    if name in known:
        return name
    if key in sections:
        raise UsageError(f"{path}: {key} must be a table, not {_kind(value)}.", hint=f"Write [{key}].")
    where = f"in [{section}]" if section else "outside of tables"
    names = [*(each.replace("_", "-") for each in known), *(f"[{each}]" for each in sections)]
    written = f"[{key}]" if isinstance(value, dict) and not section else name.replace("_", "-")
    close = difflib.get_close_matches(written, names, n=1, cutoff=0.0)
    what = "table" if written.startswith("[") else "key"
    raise UsageError(f"{path}: unknown {what} {key!r} {where}.", hint=f"The nearest is {close[0]}.")


def _value(path: Path, key: str, name: str, param: _Parameter, value: Any) -> dict[str, Any]:
    """Return the value of a parameter by its name in the command's function."""
    repeated, expected = param.repeated, _expected(name, param)
    kind = _kind(value)
    if kind not in expected:
        raise UsageError(f"{path}: {key} must be {_either(expected)}, not {kind}.", hint=f"Correct {value!r}.")
    if repeated and kind == "text":
        value = [value]
    if name in _PATHS or (name == "backbone" and str(value).lower().endswith(".onnx")):
        value = [_place(path, each) for each in value] if isinstance(value, list) else _place(path, value)
    if kind in ("a list", "a table") or (name in _NUMBERS and kind != "text"):
        value = option_text(name, value, repeated=repeated)
    return {param.name: value}


def _expected(name: str, param: _Parameter) -> tuple[str, ...]:
    kinds = {bool: ("true or false",), int: ("a whole number",), float: ("a number", "a whole number")}
    for kind, expected in kinds.items():
        if kind in param.types:
            return expected
    lists = ("a list",) if param.repeated or name in _LISTS else ()
    tables = ("a table",) if name in _TABLES else ()
    numbers = ("a number", "a whole number") if name in _NUMBERS else ()
    return ("text", *numbers, *lists, *tables)


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "a date or time")


def _either(expected: tuple[str, ...]) -> str:
    return " or ".join(each for each in expected if not (each == "a whole number" and "a number" in expected))


def _place(path: Path, value: str) -> str:
    """Return a path relative to the file's folder as one that is valid in the working directory."""
    here = path.parent == Path.cwd() or value == "-" or "://" in value or value.startswith("~")
    return value if here or not isinstance(value, str) or not value else str(path.parent / value)
