"""Functions that create SVG elements, and the coordinate system of a chart."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from markupsafe import Markup, escape

from discern.reporting.formatting import percent

_PERCENT = partial(percent, digits=0)


def tag(name: str, content: str | Markup = "", **attributes: str | float | None) -> Markup:
    """Create an SVG element with escaped text and attributes.

    `_` in an attribute's name becomes `-`, and attributes of None are omitted.
    """
    # `Markup.format` takes six times as long, and a report has hundreds of elements.
    texts = {
        key.rstrip("_").replace("_", "-"): f"{value:.5g}" if isinstance(value, float) else value
        for key, value in attributes.items()
        if value is not None
    }
    written = "".join(f' {escape(key)}="{escape(text)}"' for key, text in texts.items())
    return Markup(f"<{name}{written}>{escape(content)}</{name}>")  # noqa: S704 - names are our own


def joined(parts: Sequence[Markup]) -> Markup:
    """Concatenate SVG elements to one piece of markup."""
    return Markup("").join(parts)


@dataclass(frozen=True, kw_only=True)
class Frame:
    """Plot area of a chart, with its axis ranges and margins.

    Attributes:
        left: left edge of the plot area, in units of the drawing, as below.
        top: top edge.
        width: width of the plot area.
        height: height of the plot area.
        across: values at the left and right edge.
        up: values at the bottom and top edge.
    """

    left: float = 60.0
    top: float = 12.0
    width: float = 400.0
    height: float = 230.0
    across: tuple[float, float] = (0.0, 1.0)
    up: tuple[float, float] = (0.0, 1.0)

    def x(self, value: float) -> float:
        """Convert a data value to its horizontal position in the chart."""
        first, last = self.across
        return self.left + self.width * (value - first) / (last - first)

    def y(self, value: float) -> float:
        """Convert a data value to its vertical position in the chart."""
        first, last = self.up
        return self.top + self.height * (1 - (value - first) / (last - first))

    @property
    def bottom(self) -> float:
        """Return the vertical position of the bottom edge of the plot area."""
        return self.top + self.height

    def axes(
        self,
        columns: Sequence[tuple[float, str]],
        rows: Sequence[float],
        *,
        across: str,
        up: str,
        number: Callable[[float], str] = _PERCENT,
    ) -> list[Markup]:
        """Draw grid lines, tick labels and axis labels, with `number` as the format of the vertical axis."""
        right, middle = self.left + self.width, self.top + self.height / 2
        marks = []
        for value, name in columns:
            x = self.x(value)
            marks.append(tag("line", x1=x, x2=x, y1=self.top, y2=self.bottom, class_="grid"))
            marks.append(tag("text", name, x=x, y=self.bottom + 18, text_anchor="middle"))
        for value in rows:
            y = self.y(value)
            marks.append(tag("line", x1=self.left, x2=right, y1=y, y2=y, class_="grid"))
            marks.append(tag("text", number(value), x=self.left - 7, y=y + 4, text_anchor="end"))
        turned = f"translate(11 {middle:.1f}) rotate(-90)"
        return [
            *marks,
            tag("text", across, x=(self.left + right) / 2, y=self.bottom + 40, text_anchor="middle", class_="axis"),
            tag("text", up, transform=turned, text_anchor="middle", class_="axis"),
        ]

    def within(self, marks: Sequence[Markup]) -> Markup:
        """Clip SVG elements to the plot area of the chart."""
        box = f"{self.left:.0f} {self.top:.0f} {self.width:.0f} {self.height:.0f}"
        return tag(
            "svg",
            joined(marks),
            x=self.left,
            y=self.top,
            width=self.width,
            height=self.height,
            viewBox=box,
            class_="inside",
            aria_hidden="true",
        )

    def drawing(self, marks: Sequence[Markup], *, name: str, kind: str = "chart") -> Markup:
        """Assemble the chart and its contents as an SVG element."""
        box = f"0 0 {self.left + self.width + 16:.0f} {self.bottom + 46:.0f}"
        return tag("svg", joined(marks), viewBox=box, class_=kind, role="img", aria_label=name)


def ticks(first: float, last: float) -> list[float]:
    """Return three to seven round tick values that cover a range of shares."""
    step = next((each for each in (0.005, 0.01, 0.02, 0.05, 0.1, 0.2) if (last - first) / each <= 6), 0.25)
    start = -int(-first / step + 1e-9)
    return [
        round(step * index, 6) for index in range(start, int(last / step + 1e-9) + 1) if step * index >= first - 1e-9
    ]
