"""Write the notebook of each example from its source: `make docs`.

The module's docstring, imports and constants open it; each step is its docstring and its code.
"""

import ast
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"

_SETUP = """\
import sys
from pathlib import Path

ROOT = next(folder for folder in (Path.cwd(), *Path.cwd().parents) if (folder / "examples/steps.py").is_file())
sys.path.insert(0, str(ROOT))
"""
_BEGIN = """\
from examples.steps import Options

# Options(data=Path("path/to/the/original")) uses a local copy of the original data.
run = Run(EXAMPLE, ROOT / "examples/out/{name}-notebook", Options())
"""
_END = """\
run.closing.close()
run.result()
"""


def notebooks() -> dict[Path, str]:
    """Return the content of each notebook by its path."""
    sources = [path for path in sorted(EXAMPLES.glob("*/*.py")) if path.stem == path.parent.name]
    return {path.with_suffix(".ipynb"): notebook(path.stem, path.read_text(encoding="utf-8")) for path in sources}


def notebook(name: str, source: str) -> str:
    """Return the notebook of an example."""
    cells = [_cell(number, kind, text) for number, (kind, text) in enumerate(_cells(name, source))]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    content = {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _cells(name: str, source: str) -> Iterator[tuple[str, str]]:
    """Yield the kind and the text of each cell."""
    tree, lines = ast.parse(source), source.splitlines()
    title, _, rest = (ast.get_docstring(tree) or name).partition("\n")
    yield "markdown", f"# {title}\n{rest}\n\nMade from `{name}.py` by `make docs`."
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    opening = "\n".join(lines[tree.body[0].end_lineno or 0 : _first(functions[0]) - 1]).strip()
    yield from (("code", text) for text in (_SETUP, opening, _BEGIN.format(name=name)))
    for node in functions:
        step = _step_name(node)
        if step is None:
            yield "code", "\n".join(lines[node.lineno - 1 : node.end_lineno])
            continue
        yield "markdown", f"## {step}\n\n{ast.get_docstring(node)}"
        body = lines[_first(node) - 1 : node.body[0].lineno - 1] + lines[node.body[0].end_lineno : node.end_lineno]
        yield "code", "\n".join(body) + f"\n\n\nrun.step({json.dumps(step, ensure_ascii=False)})"
    yield "code", _END


def _step_name(node: ast.FunctionDef) -> str | None:
    """Return the name of the step that a function is, from its decorator, or None."""
    calls = [each for each in node.decorator_list if isinstance(each, ast.Call) and each.args]
    return None if not calls else ast.literal_eval(calls[0].args[0])


def _first(node: ast.FunctionDef) -> int:
    return min([node.lineno, *(each.lineno for each in node.decorator_list)])


def _cell(number: int, kind: str, text: str) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "id": f"cell-{number}", "metadata": {}}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return cell | {"source": text.strip().splitlines(keepends=True)}


def main() -> int:
    """Write the notebooks."""
    for path, content in notebooks().items():
        path.write_text(content, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
