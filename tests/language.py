"""Rules for the project's language, and functions that find where they are broken."""

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

_OPENERS = re.compile(r"(What|Who|How|Which|Whether|Where|When)\b")
# Phrases that once ran through the project's messages and that a native technical writer would not write.
_PHRASES = re.compile(
    "|".join(
        (
            r"\b(?:is|are) told\b",
            r"(?<!\bthere )\b(?:is|are|was|were) no (?!longer\b|more\b|less\b)\w+",
            r"\banew\b",
            r"\bbegun\b",
            r"\bgo(?:es)? on with\b",
            r"\bmend(?:s|ed|ing)?\b",
            r"\baskers?\b",
            r"\bof (?:\w+ ){1,3}kinds?\b",
        )
    ),
    re.IGNORECASE,
)
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
# Base names that may stand more than once, each with its reason.
REPEATED = {
    "__init__": "packages have no other name for it",
    "__main__": "Python's name for a module that is run",
    "app": "Typer's and Starlette's users look for the application under this name",
    "config": "each room keeps its settings beside the code that they configure",
    "split": "the command, and the value that it makes",
    "testing": "each room's contract tests, as in numpy, polars and starlette",
}


def docstrings(source: str) -> Iterator[tuple[int, str]]:
    """Docstrings of a module, its classes and functions, each with its line."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, _DOCUMENTED) and (text := ast.get_docstring(node)):
            yield getattr(node, "lineno", 1), text


def questions(source: str) -> list[str]:
    """First lines of docstrings that open with a question word."""
    return [text.splitlines()[0] for _, text in docstrings(source) if _OPENERS.match(text)]


def texts(source: str) -> Iterator[str]:
    """All prose in Python source: docstrings, messages and comments."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def phrases(text: str) -> list[str]:
    """Discouraged phrases in a text, each with a few words around it."""
    return [" ".join(text[max(0, hit.start() - 40) : hit.end() + 20].split()) for hit in _PHRASES.finditer(text)]


def phrases_in_source(source: str) -> list[str]:
    """Discouraged phrases in the prose of Python source."""
    return [hit for text in texts(source) for hit in phrases(text)]


def phrases_in_document(text: str) -> list[str]:
    """Discouraged phrases in a document, its code aside."""
    return phrases(_CODE.sub("", text))


def repeated_names(paths: Iterable[Path]) -> list[str]:
    """Base names that more than one module has, but for those with a reason in `REPEATED`."""
    counts = Counter(path.stem for path in paths)
    return sorted(name for name, count in counts.items() if count > 1 and name not in REPEATED)


def missing_mirrors(package: Path, tests: Path) -> list[str]:
    """Modules of a package without a test file of their own, as paths below the package."""
    return sorted(
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if path.stem != "__init__"
        and not (tests / path.relative_to(package).with_name(f"test_{path.stem}.py")).exists()
    )
