"""Write docs/cli.md out of the commands themselves. Usage: python -m tools.write_cli_reference."""

import inspect
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer
from tools.docstrings import parse, table

import discern
from discern.cli.app import app

TARGET = Path(__file__).resolve().parent.parent / "docs" / "cli.md"
HEAD = """\
# The commands

Each command is one function of [the Python face](python.md). This page is written by `make docs` out of the commands
themselves.

Options before the command: `--debug` shows the whole trace of an error, `--version` prints the version.

| Exit code | Meaning |
|---|---|
| 0 | done |
| 1 | done, but what was looked at falls short |
| 2 | refused: one line on standard error says what was found, where, and what to do next |
| 130 | interrupted; a run goes on with `--resume` and its `--name`, `predict --out` by the same command |

With `--json`, one object is printed and nothing else (`predict`: one a line): paths are absolute, what is undefined is
null.
"""
PLACES = {"paths": "PATH..."}


def main() -> None:
    """Write the page."""
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(page(), encoding="utf-8")


def page() -> str:
    """The whole page, Markdown."""
    group = typer.main.get_command(app)
    parts = [HEAD, *(section(name, command) for name, command in group.commands.items())]
    return "\n".join(parts).rstrip() + "\n"


def section(name: str, command: Any) -> str:
    """One command: what it does, an example, arguments, options, exit codes, JSON."""
    does, _, example = inspect.cleandoc(command.help).partition("\n\nExample: ")
    lines = [f"## discern {name}", "", does, "", "```sh", example, "```", ""]
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option"]
    lines += table(("Argument", "Meaning"), ((f"`{_place(each)}`", each.help) for each in arguments))
    lines += table(
        ("Option", "Default", "Meaning"), ((f"`{each.opts[0]}`", _default(each), each.help) for each in options)
    )
    return "\n".join([*lines, *_exits(name), *_keys(name)])


def _place(argument: Any) -> str:
    return PLACES.get(argument.name, argument.name.upper())


def _default(option: Any) -> str:
    if option.is_flag:
        return "off"
    if option.multiple:
        return "none; may be repeated"
    return "none" if option.default is None else f"`{option.default}`"


def _exits(name: str) -> list[str]:
    """A command that can fall short names the code for it."""
    callback: Callable[..., Any] = next(
        each.callback for each in app.registered_commands if each.callback and each.callback.__name__ == name
    )
    codes = "0, 1, 2, 130" if "FELL_SHORT" in callback.__code__.co_names else "0, 2, 130"
    return [f"Exit codes: {codes}.", ""]


def _keys(name: str) -> list[str]:
    """The JSON's keys, as the result says them: by `to_json` where they are not the attributes themselves."""
    function = getattr(discern, name)
    result = typing.get_type_hints(function)["return"]
    result = next((each for each in typing.get_args(result) if hasattr(each, "to_json")), result)
    to_json = getattr(result, "to_json", None)
    told = parse(to_json or function)
    entries = told.entries("Keys") or parse(result).entries("Attributes")
    rows = ((f"`{key}`", meaning.replace("None", "null")) for key, meaning in entries.items())
    return table(("JSON key", "Meaning"), rows)


if __name__ == "__main__":
    main()
