"""Parser of docstrings for the generated references."""

import inspect
import re
from collections.abc import Iterable
from dataclasses import dataclass

SECTIONS = ("Args", "Attributes", "Keys", "Returns", "Yields", "Raises")
_HEADING = re.compile(rf"^({'|'.join(SECTIONS)}):$")


@dataclass(frozen=True, kw_only=True)
class Docstring:
    """Parts of a docstring.

    Attributes:
        summary: first paragraph, on one line.
        text: other paragraphs outside sections.
        sections: lines of each section, dedented.
    """

    summary: str
    text: str
    sections: dict[str, list[str]]

    def entries(self, section: str) -> dict[str, str]:
        """Return the descriptions of a section such as `Args` by name, each on one line."""
        entries: dict[str, str] = {}
        name = ""
        for line in self.sections.get(section, []):
            if not line.startswith(" ") and ":" in line:
                name, _, meaning = line.partition(":")
                entries[name] = meaning.strip()
            elif line:
                entries[name] += f" {line.strip()}"
        return entries

    def section_text(self, section: str) -> str:
        """Return a section such as `Returns` on one line; "" if it does not exist."""
        return " ".join(self.sections.get(section, [])).strip()


def parse_docstring(documented: object) -> Docstring:
    """Parse the docstring of a function, class or module, without its doctest examples."""
    lines = (inspect.getdoc(documented) or "").split("\n>>>")[0].splitlines()
    body: list[str] = []
    sections: dict[str, list[str]] = {}
    target = body
    for line in lines:
        if heading := _HEADING.match(line):
            target = sections.setdefault(heading[1], [])
        elif target is not body and line and not line.startswith(" "):
            target = body
            target.append(line)
        else:
            target.append(line)
    summary, *others = "\n".join(body).strip().split("\n\n")
    return Docstring(
        summary=" ".join(summary.split()),
        text="\n\n".join(others).strip(),
        sections={name: inspect.cleandoc("\n" + "\n".join(body)).splitlines() for name, body in sections.items()},
    )


def markdown_table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """Return the lines of a Markdown table; none if there are no rows."""
    lines = [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    names = list(columns)
    return [f"| {' | '.join(names)} |", "|---" * len(names) + "|", *lines, ""] if lines else []
