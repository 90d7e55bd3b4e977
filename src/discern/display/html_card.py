"""Small self-contained HTML that a notebook shows in place of an object's text."""

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import quote

ACCENT, WARM, GREY = "#0f8a83", "#c2560f", "rgba(128,128,128,.28)"
"""Colours that can be read on light and on dark pages, and differ for colour-blind readers."""

_FONT = "font:14px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif"
_MOST_ROWS = 12


def make_visible(text: str) -> str:
    """Escape control and text direction characters, which could hide or reorder text."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() or letter.isspace() else ascii(letter)[1:-1] for letter in text)


def escape_text(text: object) -> str:
    """Return text as HTML."""
    return html.escape(make_visible(str(text)))


@dataclass
class HtmlCard:
    """Card with a heading, and below it facts, bars, tables and pictures in the order in which they are added.

    Attributes:
        kind: kind of the object, above the heading.
        title: heading.
    """

    kind: str
    title: str
    _parts: list[str] = field(default_factory=list)

    def text(self, text: str, *, strong: bool = False) -> Self:
        """Add a paragraph; nothing if it is empty."""
        if text:
            weight = ";font-weight:600" if strong else ""
            self._parts.append(f'<p style="margin:6px 0{weight}">{escape_text(text)}</p>')
        return self

    def facts(self, rows: Iterable[tuple[str, object]]) -> Self:
        """Add pairs of name and value; a path below the working directory is a link."""
        cells = "".join(
            f'<div style="opacity:.7">{escape_text(name)}</div><div style="min-width:0;overflow-wrap:anywhere">'
            f"{_link(value) if isinstance(value, Path) else escape_text(value)}</div>"
            for name, value in rows
        )
        return self._grid("max-content 1fr;align-items:start", cells)

    def bars(self, rows: Iterable[tuple[str, float, str]], *, colour: str = ACCENT) -> Self:
        """Add rows of a name, a share in [0, 1] drawn as a bar, and a text."""
        cells = "".join(
            f'<div style="overflow-wrap:anywhere">{escape_text(name)}</div><div style="background:{GREY};'
            f'border-radius:3px"><div style="width:{100 * min(max(share, 0), 1):.1f}%;height:8px;border-radius:3px;'
            f'background:{colour}"></div></div><div style="white-space:nowrap">{escape_text(text)}</div>'
            for name, share, text in rows
        )
        return self._grid("minmax(4em,max-content) minmax(6em,16em) 1fr;align-items:center", cells)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Self:
        """Add a table whose first column has names and whose others have numbers; long ones are cut, which is noted."""
        style = "padding:2px 14px 2px 0;border:0;background:none;text-align:"
        head = "".join(
            f'<th style="{style}{"right" if place else "left"};font-weight:500;opacity:.7">{escape_text(name)}</th>'
            for place, name in enumerate(columns)
        )
        body = "".join(
            '<tr style="background:none">'
            + "".join(
                f'<td style="{style}{"right" if place else "left"}">{escape_text(cell)}</td>'
                for place, cell in enumerate(row)
            )
            + "</tr>"
            for row in rows[:_MOST_ROWS]
        )
        self._parts.append(
            '<table style="border-collapse:collapse;margin:8px 0;font-size:13px;font-variant-numeric:tabular-nums">'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )
        return self.text(f"and {len(rows) - _MOST_ROWS:,} more") if len(rows) > _MOST_ROWS else self

    def pictures(self, pictures: Iterable[tuple[str, str]], *, side: int = 64) -> Self:
        """Add pictures, each given by a data URI and its caption."""
        shown = "".join(
            f'<figure style="margin:0;width:{side}px"><img src="{html.escape(uri)}" alt="{escape_text(caption)}" '
            f'style="width:{side}px;height:{side}px;object-fit:contain;border-radius:4px;margin:0;background:{GREY}">'
            '<figcaption style="font-size:11px;line-height:1.3;overflow:hidden;text-overflow:ellipsis;'
            f'white-space:nowrap;opacity:.75">{escape_text(caption)}</figcaption></figure>'
            for uri, caption in pictures
        )
        self._parts.append(f'<div style="display:flex;flex-wrap:wrap;gap:8px;margin:8px 0">{shown}</div>')
        return self

    def render(self) -> str:
        """Return the HTML of the card."""
        return (
            f'<div style="{_FONT};color:inherit;border:1px solid {GREY};border-radius:8px;padding:10px 16px;'
            'margin:4px 0;max-width:60em;overflow-x:auto">'
            f'<div style="font-size:12px;opacity:.7">{escape_text(self.kind)}</div>'
            f'<div style="font-size:17px;font-weight:600;overflow-wrap:anywhere">{escape_text(self.title)}</div>'
            f"{''.join(self._parts)}</div>"
        )

    def _grid(self, columns: str, cells: str) -> Self:
        if cells:
            style = f"display:grid;grid-template-columns:{columns};gap:3px 16px;margin:8px 0"
            self._parts.append(f'<div style="{style}">{cells}</div>')
        return self


def _link(path: Path) -> str:
    """Return a path as a link that a notebook in the working directory can open, or as text if it lies elsewhere."""
    try:
        below = path.relative_to(Path.cwd())
    except (ValueError, OSError):
        return f"<code>{escape_text(path)}</code>"
    return f'<a href="{html.escape(quote(below.as_posix(), errors="surrogateescape"))}">{escape_text(below)}</a>'
