"""Write docs/python.md out of the public face itself. Usage: python -m tools.write_python_reference."""

import ast
import inspect
import textwrap
from pathlib import Path
from types import FunctionType
from typing import Any

from tools.docstrings import Docstring, parse, table

import discern
from discern import errors
from discern.progress import Progress

TARGET = Path(__file__).resolve().parent.parent / "docs" / "python.md"
HEAD = """\
# The Python face

`import discern` loads no other library; each name is imported when it is first used. This page is written by
`make docs` out of the docstrings.

Each command is one of these functions. What a command prints with `--json` is its result's `to_json()`;
[cli.md](cli.md) says the keys.
"""


def main() -> None:
    """Write the page."""
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(page(), encoding="utf-8")


def page() -> str:
    """The whole page, Markdown."""
    face = {name: getattr(discern, name) for name in discern.__all__ if name != "__version__"}
    functions = [_function(name, each) for name, each in face.items() if not inspect.isclass(each)]
    classes = [_class(name, each) for name, each in face.items() if inspect.isclass(each) and name != "DiscernError"]
    parts = [HEAD, "# Functions\n", *functions, "# What they give\n", *classes, _progress(), _errors()]
    return "\n".join(parts).rstrip() + "\n"


def _function(name: str, function: FunctionType, *, level: str = "##") -> str:
    told = parse(function)
    lines = [f"{level} {name}", "", "```python", _signature(function), "```", "", *_words(told)]
    lines += table(("Argument", "Meaning"), _rows(told, "Args"))
    for section in ("Returns", "Yields"):
        if said := told.said(section):
            lines += [f"{section}: {said}", ""]
    lines += table(("Key", "Meaning"), _rows(told, "Keys"))
    lines += table(("Raises", "When"), _rows(told, "Raises"))
    return "\n".join(lines)


def _class(name: str, kind: type) -> str:
    told = parse(kind)
    attributes = _rows(told, "Attributes")
    properties, methods = [], []
    for own, member in vars(kind).items():
        if own == "to_json" or (own.startswith("_") and own != "__call__"):
            continue
        if isinstance(member, property):
            properties.append((f"`{own}`", parse(member).summary))
        elif inspect.isfunction(member):
            methods.append(_function(f"{name}.{own}".replace(".__call__", "(picture)"), member, level="###"))
    lines = [f"## {name}", "", *_words(told), *table(("Attribute", "Meaning"), [*attributes, *properties])]
    return "\n".join([*lines, *methods])


def _progress() -> str:
    return "\n".join(
        ["## Progress", "", *_words(parse(Progress)), "```python", _signature(Progress.__call__), "```", ""]
    )


def _errors() -> str:
    tree = (errors.__doc__ or "").split("\n\n", 1)[1].rstrip()
    words = "Whatever cannot be done is told by one family of errors; each has `message`, `hint` and `code`."
    return "\n".join(["# Errors", "", words, "", "```text", tree, "```"])


def _words(told: Docstring) -> list[str]:
    return [part for paragraph in (told.summary, told.text) if paragraph for part in (paragraph, "")]


def _rows(told: Docstring, section: str) -> list[tuple[str, str]]:
    return [(f"`{name}`", meaning) for name, meaning in told.entries(section).items()]


def _signature(function: Any) -> str:
    """A function's signature as it is written."""
    source = textwrap.dedent(inspect.getsource(function))
    node = ast.parse(source).body[0]
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    written = "\n".join(source.splitlines()[node.lineno - 1 : node.body[0].lineno - 1])
    return written.rstrip().removesuffix(":")


if __name__ == "__main__":
    main()
