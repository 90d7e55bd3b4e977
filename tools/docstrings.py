"""Docstrings taken apart, for the references that are written out of them."""

import inspect
import re
from collections.abc import Iterable
from dataclasses import dataclass

SECTIONS = ("Args", "Attributes", "Keys", "Returns", "Yields", "Raises")
_HEADING = re.compile(rf"^({'|'.join(SECTIONS)}):$")


@dataclass(frozen=True, kw_only=True)
class Docstring:
    """A docstring's parts.

    Attributes:
        summary: its first paragraph, in one line.
        text: the other paragraphs outside all sections.
        sections: the lines of each section, without their common indent.
    """

    summary: str
    text: str
    sections: dict[str, list[str]]

    def entries(self, section: str) -> dict[str, str]:
        """Names and meanings of a section such as `Args`, each meaning in one line."""
        found: dict[str, str] = {}
        name = ""
        for line in self.sections.get(section, []):
            if not line.startswith(" ") and ":" in line:
                name, _, meaning = line.partition(":")
                found[name] = meaning.strip()
            elif line:
                found[name] += f" {line.strip()}"
        return found

    def said(self, section: str) -> str:
        """A section such as `Returns` in one line; "" where there is none."""
        return " ".join(self.sections.get(section, [])).strip()


def parse(thing: object) -> Docstring:
    """Take apart what a function, class or module says of itself; examples for doctest are left out."""
    lines = (inspect.getdoc(thing) or "").split("\n>>>")[0].splitlines()
    plain: list[str] = []
    sections: dict[str, list[str]] = {}
    into = plain
    for line in lines:
        if heading := _HEADING.match(line):
            into = sections.setdefault(heading[1], [])
        elif into is not plain and line and not line.startswith(" "):
            into = plain
            into.append(line)
        else:
            into.append(line)
    summary, *others = "\n".join(plain).strip().split("\n\n")
    return Docstring(
        summary=" ".join(summary.split()),
        text="\n\n".join(others).strip(),
        sections={name: inspect.cleandoc("\n" + "\n".join(body)).splitlines() for name, body in sections.items()},
    )


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """A Markdown table; "" is what no rows give."""
    lines = [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    names = list(heads)
    return [f"| {' | '.join(names)} |", "|---" * len(names) + "|", *lines, ""] if lines else []
