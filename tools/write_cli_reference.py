"""Generate docs/cli.md from the commands. Usage: python -m tools.write_cli_reference."""

import inspect
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer
from tools.docstrings import markdown_table, parse_docstring

import discern
from discern.cli.app import app
from discern.cli.exit_codes import EXIT_CODES
from discern.cli.option_sources import panel_of

TARGET = Path(__file__).resolve().parent.parent / "docs" / "cli.md"
HEAD = """\
# Commands

Each command is a function of the [Python API](python.md). `make docs` generates this page from the commands.

Options before the command: `--debug` prints the traceback of an error, `--version` prints the version.

{exit_codes}

With `--json`, only one JSON object is printed (`predict`: one per line). Paths are absolute, undefined values are null.
"""
METAVARS = {"paths": "PATH..."}


def main() -> None:
    """Write the page."""
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(page(), encoding="utf-8")


def page() -> str:
    """Return the page as Markdown."""
    group = typer.main.get_command(app)
    codes = markdown_table(("Exit code", "Meaning"), ((str(code), meaning) for code, meaning in EXIT_CODES.items()))
    head = HEAD.format(exit_codes="\n".join(codes).rstrip())
    parts = [head, *(section(name, command) for name, command in group.commands.items())]
    return "\n".join(parts).rstrip() + "\n"


def section(name: str, command: Any) -> str:
    """Return a command's section: summary, example, arguments, options, exit codes, JSON keys."""
    summary, _, example = inspect.cleandoc(command.help).partition("\n\nExample: ")
    lines = [f"## discern {name}", "", summary, "", "```sh", example, "```", ""]
    arguments = [item for item in command.params if item.param_type_name == "argument"]
    panels: dict[str, list[Any]] = {}
    for item in command.params:
        if item.param_type_name == "option" and not item.hidden:
            panels.setdefault(panel_of(item), []).append(item)
    lines += markdown_table(("Argument", "Meaning"), ((f"`{_place(item)}`", item.help) for item in arguments))
    for panel, options in panels.items():
        lines += [] if panel == "Options" else [f"{panel}:", ""]
        rows = ((_names(item), _default(item), item.help) for item in options)
        lines += markdown_table(("Option", "Default", "Meaning"), rows)
    return "\n".join([*lines, *_exits(name), *_keys(name)])


def _place(argument: Any) -> str:
    return METAVARS.get(argument.name, argument.name.upper())


def _names(option: Any) -> str:
    return ", ".join(f"`{name}`" for name in (option.opts[0], *option.secondary_opts))


def _default(option: Any) -> str:
    if option.is_flag:
        return "on" if option.default else "off"
    if option.multiple:
        return "none; may be repeated"
    return "none" if option.default is None else f"`{option.default}`"


def _exits(name: str) -> list[str]:
    """Return the exit codes; 1 only for commands that use it."""
    callback: Callable[..., Any] = next(
        item.callback for item in app.registered_commands if item.callback and item.callback.__name__ == name
    )
    codes = "0, 1, 2, 130" if "FELL_SHORT" in callback.__code__.co_names else "0, 2, 130"
    return [f"Exit codes: {codes}.", ""]


def _keys(name: str) -> list[str]:
    """Return the table of JSON keys, documented by the result's `to_json` or its attributes."""
    function = getattr(discern, name)
    result = typing.get_type_hints(function)["return"]
    result = next((item for item in typing.get_args(result) if hasattr(item, "to_json")), result)
    to_json = getattr(result, "to_json", None)
    docstring = parse_docstring(to_json or function)
    entries = docstring.entries("Keys") or parse_docstring(result).entries("Attributes")
    rows = ((f"`{key}`", meaning.replace("None", "null")) for key, meaning in entries.items())
    return markdown_table(("JSON key", "Meaning"), rows)


if __name__ == "__main__":
    main()
