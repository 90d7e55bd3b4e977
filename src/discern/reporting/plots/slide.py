"""Figures for slides, as SVG of their own with fixed colours, and as PNG."""

import re
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup
from PIL import ImageFont

from discern.reporting.charts.svg import joined, tag

WIDTH, HEIGHT = 480.0, 270.0
"""Size of a slide's drawing in its own units; a PNG has four pixels in each."""
PIXELS = 1920

# Okabe and Ito's colours, which differ for colour-blind readers too.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#8a8a8a")
_FAMILIES = (
    *("Segoe UI", "Helvetica Neue", "Arial", "Liberation Sans", "DejaVu Sans", "Noto Sans", "Noto Sans CJK SC"),
    *("Aileron", "sans-serif"),
)
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STYLE = """
text { fill: #333; font-size: 10px; font-family: FAMILIES }
.title { fill: #111; font-size: 15px; font-weight: 600 } .under { fill: #555; font-size: 8.5px }
.axis { fill: #111; font-size: 10.5px } .grid { stroke: #ddd; stroke-width: .6 } .within { fill: #0072b2 }
.reach { stroke: #56b4e9; stroke-width: .9 } .span { stroke: #0072b2; stroke-linecap: butt } .middle { fill: #d55e00 }
"""


def draw_slide(title: str, under: str, marks: Sequence[Markup]) -> str:
    """Return the SVG of a slide with a title and a line under it."""
    families = ", ".join(f"'{name}'" if " " in name else name for name in _FAMILIES)
    style = "".join(f"{line}\n" for line in _STYLE.strip().replace("FAMILIES", families).splitlines())
    content = [
        tag("title", title),
        Markup("<style>{}</style>").format(Markup(style)),  # noqa: S704 - our own
        tag("rect", width=WIDTH, height=HEIGHT, fill="#fff"),
        tag("text", title, x=16, y=24, class_="title"),
        tag("text", under, x=16, y=37, class_="under"),
        *marks,
    ]
    box = f"0 0 {WIDTH:g} {HEIGHT:g}"
    svg = tag("svg", joined(content), xmlns="http://www.w3.org/2000/svg", viewBox=box, role="img")
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", str(svg))


def render_png(svg: str) -> bytes:
    """Render the SVG of a slide to a PNG of 1,920 by 1,080 pixels."""
    import resvg_py  # noqa: PLC0415 - no command needs it without `--plots`

    with tempfile.TemporaryDirectory() as folder:
        font = Path(folder) / "fallback.ttf"
        font.write_bytes(_fallback_font())
        return bytes(
            resvg_py.svg_to_bytes(
                svg_string=svg, width=PIXELS, font_files=[str(font)], sans_serif_family="Aileron", background="#fff"
            )
        )


@cache
def _fallback_font() -> bytes:
    """Return the font that Pillow contains, for machines without any."""
    font = ImageFont.load_default(10)
    source: Any = getattr(font, "path", None)
    return bytes(source.getvalue()) if hasattr(source, "getvalue") else b""
