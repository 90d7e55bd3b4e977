"""Generate docs/python.md from the public API. Usage: python -m tools.write_python_reference."""

import ast
import inspect
import textwrap
from functools import cached_property
from pathlib import Path
from types import FunctionType
from typing import Any

from tools.docstrings import Docstring, markdown_table, parse_docstring

import discern
from discern import errors
from discern.progress import Progress

TARGET = Path(__file__).resolve().parent.parent / "docs" / "python.md"
HEAD = """\
# Python API

`import discern` loads no other library; each name is imported on first use. `make docs` generates this page from the
docstrings.

Each command is one of these functions. With `--json`, a command prints its result's `to_json()`; [cli.md](cli.md) lists
the keys.
"""


def main() -> None:
    """Write the page."""
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(page(), encoding="utf-8")


def page() -> str:
    """Return the page as Markdown."""
    exports = {name: getattr(discern, name) for name in discern.__all__ if name != "__version__"}
    functions = [_function(name, item) for name, item in exports.items() if not inspect.isclass(item)]
    classes = [_class(name, item) for name, item in exports.items() if inspect.isclass(item) and name != "DiscernError"]
    parts = [HEAD, "# Functions\n", *functions, "# Results\n", *classes, _progress(), _errors()]
    return "\n".join(parts).rstrip() + "\n"


def _function(name: str, function: FunctionType, *, level: str = "##") -> str:
    docstring = parse_docstring(function)
    lines = [f"{level} {name}", "", "```python", _signature(function), "```", "", *_paragraphs(docstring)]
    lines += markdown_table(("Argument", "Meaning"), _rows(docstring, "Args"))
    for section in ("Returns", "Yields"):
        if section_text := docstring.section_text(section):
            lines += [f"{section}: {section_text}", ""]
    lines += markdown_table(("Key", "Meaning"), _rows(docstring, "Keys"))
    lines += markdown_table(("Raises", "When"), _rows(docstring, "Raises"))
    return "\n".join(lines)


def _class(name: str, class_: type) -> str:
    docstring = parse_docstring(class_)
    attributes = _rows(docstring, "Attributes")
    properties, methods = [], []
    for attribute, member in vars(class_).items():
        if attribute == "to_json" or (attribute.startswith("_") and attribute != "__call__"):
            continue
        if isinstance(member, property | cached_property):
            properties.append((f"`{attribute}`", parse_docstring(member).summary))
        elif inspect.isfunction(member):
            methods.append(_function(f"{name}.{attribute}".replace(".__call__", "(picture)"), member, level="###"))
    lines = [
        f"## {name}",
        "",
        *_paragraphs(docstring),
        *markdown_table(("Attribute", "Meaning"), [*attributes, *properties]),
    ]
    return "\n".join([*lines, *methods])


def _progress() -> str:
    return "\n".join(
        [
            "## Progress",
            "",
            *_paragraphs(parse_docstring(Progress)),
            "```python",
            _signature(Progress.__call__),
            "```",
            "",
        ]
    )


def _errors() -> str:
    tree = (errors.__doc__ or "").split("\n\n", 1)[1].rstrip()
    intro = "Every error is a `DiscernError` with `message`, `hint` and `code`."
    return "\n".join(["# Errors", "", intro, "", "```text", tree, "```"])


def _paragraphs(docstring: Docstring) -> list[str]:
    return [part for paragraph in (docstring.summary, docstring.text) if paragraph for part in (paragraph, "")]


def _rows(docstring: Docstring, section: str) -> list[tuple[str, str]]:
    return [(f"`{name}`", meaning) for name, meaning in docstring.entries(section).items()]


def _signature(function: Any) -> str:
    """Return a function's signature as in its source."""
    source = textwrap.dedent(inspect.getsource(function))
    node = ast.parse(source).body[0]
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    written = "\n".join(source.splitlines()[node.lineno - 1 : node.body[0].lineno - 1])
    return written.rstrip().removesuffix(":")


if __name__ == "__main__":
    main()
