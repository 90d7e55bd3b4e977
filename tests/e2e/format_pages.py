"""Pages of docs/formats/ as data: the keys and types that their tables state, and comparison with real values."""

import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent.parent / "docs" / "formats"
_LINK = re.compile(r"\[[^]]*\]\(([\w.-]*)#([\w-]+)\)")
_BAR = re.compile(r"(?<!\\)\|")
_SCALARS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
    "object": (dict,),
}


@dataclass(frozen=True)
class Page:
    """Tables of a page.

    Attributes:
        name: file name.
        tables: tables below each heading, by its anchor; each is a list of rows, cells by column.
        prose: the rest of the text below each heading.
    """

    name: str
    tables: Mapping[str, list[list[dict[str, str]]]]
    prose: Mapping[str, str]

    def column(self, anchor: str, name: str, *, table: int = 0) -> list[str]:
        """Cells of a column of a table, without the marks of code."""
        return [row[name].strip("`") for row in self.tables[anchor][table]]

    def types(self, anchor: str) -> dict[str, str]:
        """Types of the keys below a heading."""
        rows = [row for table in self.tables[anchor] if "Key" in table[0] for row in table]
        return {row["Key"].strip("`"): row["Type"] for row in rows}


@cache
def read_page(name: str) -> Page:
    """Read a page."""
    tables: dict[str, list[list[dict[str, str]]]] = {}
    prose: dict[str, str] = {}
    text = re.sub(r"^```.*?^```$", "", (FOLDER / name).read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for heading, body in re.findall(r"^#+ (.*?)\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL):
        anchor = re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        assert anchor not in tables, f"{name} has two headings {heading}"
        found = re.findall(r"(?:^\|.*\n)+", body, re.MULTILINE)
        tables[anchor] = [_rows(table) for table in found]
        prose[anchor] = re.sub(r"(?:^\|.*\n)+", "", body, flags=re.MULTILINE)
    return Page(name, tables, prose)


def _rows(table: str) -> list[dict[str, str]]:
    head, _, *lines = ([cell.strip() for cell in _BAR.split(line[1:-1])] for line in table.splitlines())
    return [dict(zip(head, cells, strict=True)) for cells in lines]


@dataclass
class Checker:
    """Comparison of values with documented types.

    Attributes:
        seen: page, anchor and key of everything that occurred in a value.
        problems: differences, each with its place.
    """

    seen: set[tuple[str, str, str]] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def check_object(self, value: Any, page: str, anchor: str, at: str = "", *, tables: slice = slice(None)) -> None:
        """Compare an object with the tables below a heading."""
        rows = [row for table in read_page(page).tables[anchor][tables] if "Key" in table[0] for row in table]
        known = {row["Key"].strip("`"): row["Type"] for row in rows}
        self.check_keys(value, known, page, anchor, at or anchor)

    def check_keys(self, value: Any, known: Mapping[str, str], page: str, anchor: str, at: str) -> None:
        """Compare an object with types by key."""
        required = {key for key, kind in known.items() if not kind.endswith(", optional")}
        self.problems += [f"{at} lacks {key}" for key in sorted(required - value.keys())]
        self.problems += [f"{at}.{key} is not documented" for key in sorted(value.keys() - known.keys())]
        for key in value.keys() & known.keys():
            self.seen.add((page, anchor, key))
            self.check(value[key], known[key].removesuffix(", optional"), page, f"{at}.{key}")

    def check(self, value: Any, kind: str, page: str, at: str) -> None:
        """Compare a value with a type in words."""
        kinds = kind.split(" or ")
        if value is None and "null" in kinds:
            return
        fitting = [each for each in kinds if _fits(value, each)]
        if not fitting:
            self.problems.append(f"{at} is {value!r:.60}, not {kind}")
        for each in fitting[:1]:
            self._check_inside(value, each, page, at)

    def _check_inside(self, value: Any, kind: str, page: str, at: str) -> None:
        if found := re.fullmatch(r"(list|object)s? of (.*)", kind):
            for name, each in _items(value):
                self.check(each, found[2], page, f"{at}.{name}")
        elif link := _LINK.search(kind):
            self.check_object(value, link[1] or page, link[2], at)

    def unseen(self, page: str) -> Iterator[str]:
        """Keys of a page that occurred in no value."""
        for anchor in read_page(page).tables:
            yield from (
                f"{anchor}.{key}" for key in read_page(page).types(anchor) if (page, anchor, key) not in self.seen
            )


def _fits(value: Any, kind: str) -> bool:
    if kind.startswith(("list of", "lists of")):
        return isinstance(value, list)
    if kind.startswith(("object of", "objects of", "[")):
        return isinstance(value, dict)
    allowed = _SCALARS[kind.removesuffix("s")]
    return isinstance(value, allowed) and not (isinstance(value, bool) and bool not in allowed)


def _items(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, dict) else [(str(place), each) for place, each in enumerate(value)]


def read_manifest(bundle: Path) -> Any:
    """Content of a bundle's `bundle.json`."""
    with zipfile.ZipFile(bundle) as opened:
        return json.loads(opened.read("bundle.json"))
