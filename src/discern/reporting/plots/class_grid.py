"""Layout of a figure with one row per class, in as many columns as are legible."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from discern.reporting.charts.svg import tag
from discern.reporting.plots.slide import WIDTH

_MOST_ROWS, _MOST_COLUMNS = 34, 4
MOST_CLASSES = _MOST_ROWS * _MOST_COLUMNS
_MARGIN, _GUTTER = 16.0, 10.0
_LARGEST_FONT = 10.0
# Mean width of a letter in units of the font size, and the shares of a column's width that labels take; not tuned.
_LETTER, _LABEL_SHARE = 0.55, 0.48


@dataclass(frozen=True, kw_only=True)
class ClassRow:
    """Row of a figure.

    Attributes:
        label: the class.
        left: left edge of the row's bar.
        middle: vertical centre of the row.
        width: width of the longest bar.
    """

    label: str
    left: float
    middle: float
    width: float


@dataclass(frozen=True, kw_only=True)
class ClassGrid:
    """Rows of classes in columns between two heights.

    Attributes:
        labels: the classes, down the columns.
        top: upper edge.
        bottom: lower edge.
        end: width to the right of the bars, for numbers.
    """

    labels: Sequence[str]
    top: float
    bottom: float
    end: float = 0.0

    @property
    def columns(self) -> int:
        """Return the number of columns."""
        return max(1, -(-len(self.labels) // _MOST_ROWS))

    @property
    def rows(self) -> int:
        """Return the number of rows of a full column."""
        return max(1, -(-len(self.labels) // self.columns))

    @property
    def step(self) -> float:
        """Return the height of a row."""
        return (self.bottom - self.top) / max(self.rows, 6)

    @property
    def font(self) -> float:
        """Return the font size of labels."""
        return min(_LARGEST_FONT, 0.82 * self.step)

    @property
    def _column(self) -> float:
        return (WIDTH - 2 * _MARGIN - (self.columns - 1) * _GUTTER) / self.columns

    @property
    def _label_width(self) -> float:
        longest = max((len(label) for label in self.labels), default=0)
        return min(_LABEL_SHARE * self._column, (longest + 1) * _LETTER * self.font + 3)

    def bars(self) -> list[tuple[float, float]]:
        """Return the left edge and width of the bars of each column."""
        width = self._column - self._label_width - self.end * self.font
        lefts = [_MARGIN + column * (self._column + _GUTTER) + self._label_width for column in range(self.columns)]
        return [(left, width) for left in lefts]

    def __iter__(self) -> Iterator[ClassRow]:
        bars = self.bars()
        for number, label in enumerate(self.labels):
            column, row = divmod(number, self.rows)
            left, width = bars[column]
            yield ClassRow(label=label, left=left, middle=self.top + (row + 0.5) * self.step, width=width)

    def name(self, row: ClassRow) -> Markup:
        """Draw the label of a row, shortened to its width."""
        letters = max(int(self._label_width / (_LETTER * self.font)), 5)
        text = row.label
        if len(text) > letters:  # the end often distinguishes classes
            end = letters // 3
            text = f"{text[: letters - end - 1].rstrip()}…{text[-end:].lstrip()}"
        return self.text(text, row, x=row.left - 3, text_anchor="end")

    def text(self, text: str, row: ClassRow, **attributes: str | float) -> Markup:
        """Draw a text in a row."""
        return tag("text", text, y=row.middle + 0.35 * self.font, style=f"font-size:{self.font:.2f}px", **attributes)
