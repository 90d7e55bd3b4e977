"""Functions that write a review sheet of uncertain predictions as an HTML page or PNG file."""

import base64
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from discern.atomic import atomic_write
from discern.errors import UnreadableFile
from discern.reporting.display_names import DisplayNames
from discern.reporting.formatting import count, percent, plural
from discern.reporting.render_html import write_page

THUMB_SIDE = 224
"""Longer side of a picture on a sheet, in pixels."""

_COLUMNS, _GAP, _LINES, _LINE_HEIGHT = (4, 10), 20, 4, 19
_TEXT, _MUTED, _ACCENT, _PAGE, _FRAME = "#1d2125", "#5b636b", "#b4470c", "#fbfaf8", "#f0ede8"
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"


@dataclass(frozen=True, kw_only=True)
class SheetEntry:
    """Uncertain prediction on a review sheet, to be checked by a person.

    Attributes:
        path: path of the picture within its source.
        decision: "review" or "unknown".
        message: the prediction as a sentence.
        candidates: labels and their probabilities, most probable first.
        thumb: the picture, made small; None if it cannot be shown.
    """

    path: str
    decision: str
    message: str
    candidates: Sequence[tuple[str, float]]
    thumb: Image.Image | None

    @property
    def uri(self) -> str:
        """Return the data URI of the thumbnail, or an empty string without one."""
        if self.thumb is None:
            return ""
        stream = io.BytesIO()
        self.thumb.convert("RGB").save(stream, "JPEG", quality=80, optimize=True)
        return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


@dataclass(frozen=True, kw_only=True)
class ReviewSheet:
    """Contents of a review sheet, the list of uncertain predictions to be checked.

    Attributes:
        title: name of the model.
        table: name of the file with all predictions.
        pictures: number of pictures predicted.
        review: of these, the number for review.
        unknown: of these, the number called unknown.
        unusable: number of files that could not be read as pictures.
        names: display names of the labels.
        entries: the predictions shown, least confident first.
    """

    title: str
    table: str
    pictures: int
    review: int
    unknown: int
    unusable: int
    names: Mapping[str, str]
    entries: Sequence[SheetEntry]

    @property
    def sentences(self) -> list[str]:
        """Return the summary sentences shown above the images of the review sheet."""
        open_cases = self.review + self.unknown
        lines = [
            f"{count(open_cases)} of {plural(self.pictures, 'picture')} {'needs' if open_cases == 1 else 'need'} a "
            f"person: {count(self.review)} for review, {count(self.unknown)} called unknown."
        ]
        if more := open_cases - len(self.entries):
            lines.append(
                f"The {count(len(self.entries))} least confident are shown; {count(more)} more are in {self.table}."
            )
        if self.unusable:
            lines.append(f"{plural(self.unusable, 'file')} could not be read; see {self.table} for the reasons.")
        return lines

    def candidates(self, entry: SheetEntry) -> str:
        """Format the most probable labels of a prediction with their probabilities."""
        return ", ".join(
            f"{self.names.get(label, label)} {percent(share, digits=0)}" for label, share in entry.candidates
        )


def write_sheet_page(path: Path, sheet: ReviewSheet) -> None:
    """Write a review sheet as a self-contained HTML file.

    Raises:
        UnreadableFile: the file cannot be written.
    """
    write_page(path, "sheet.html", names=DisplayNames(sheet.names), anchors={}, title=sheet.title, sheet=sheet)


def write_sheet_picture(path: Path, sheet: ReviewSheet) -> None:
    """Write a review sheet as a PNG file.

    Raises:
        UnreadableFile: the file cannot be written.
    """
    cell_height = THUMB_SIDE + _GAP + _LINES * _LINE_HEIGHT + _GAP
    head = _GAP + 40 + 26 * len(sheet.sentences) + _GAP
    columns = min(max(math.isqrt(len(sheet.entries)), _COLUMNS[0]), _COLUMNS[1])
    rows = -(-len(sheet.entries) // columns)
    canvas = Image.new("RGB", (_GAP + columns * (THUMB_SIDE + _GAP), head + rows * cell_height), _PAGE)
    pen = _Pen(ImageDraw.Draw(canvas))
    pen.write((_GAP, _GAP), f"{sheet.title}: review sheet", 26, _TEXT, canvas.width - 2 * _GAP)
    for number, sentence in enumerate(sheet.sentences):
        pen.write((_GAP, _GAP + 40 + 26 * number), sentence, 16, _MUTED, canvas.width - 2 * _GAP)
    for number, entry in enumerate(sheet.entries):
        left = _GAP + number % columns * (THUMB_SIDE + _GAP)
        top = head + number // columns * cell_height
        _draw_entry(canvas, pen, (left, top), entry, sheet)
    try:
        with atomic_write(path) as unfinished:
            canvas.save(unfinished, "PNG", optimize=True)
    except OSError as error:
        raise UnreadableFile(
            f"The sheet {path} cannot be written: {error}.",
            hint="Free disk space, or check that the folder exists and is writable.",
        ) from error


def _draw_entry(canvas: Image.Image, pen: "_Pen", at: tuple[int, int], entry: SheetEntry, sheet: ReviewSheet) -> None:
    left, top = at
    pen.box((left, top, left + THUMB_SIDE, top + THUMB_SIDE), _FRAME)
    if entry.thumb is None:
        pen.write((left + 12, top + 12), "cannot be shown", 14, _MUTED, THUMB_SIDE)
    else:
        width, height = entry.thumb.size
        canvas.paste(entry.thumb, (left + (THUMB_SIDE - width) // 2, top + (THUMB_SIDE - height) // 2))
    top += THUMB_SIDE + 6
    pen.write((left, top), entry.decision, 15, _ACCENT, THUMB_SIDE)
    for number, (label, share) in enumerate(entry.candidates[:2], 1):
        candidate = f"{sheet.names.get(label, label)} {percent(share, digits=0)}"
        pen.write((left, top + number * _LINE_HEIGHT), candidate, 15, _TEXT, THUMB_SIDE)
    pen.write((left, top + 3 * _LINE_HEIGHT), entry.path, 12, _MUTED, THUMB_SIDE, keep_end=True)


class _Pen:
    """Drawing context that clips boxes and text to a width."""

    def __init__(self, draw: ImageDraw.ImageDraw) -> None:
        self._draw = draw

    def box(self, corners: tuple[int, int, int, int], colour: str) -> None:
        self._draw.rectangle(corners, fill=colour)

    def write(
        self, at: tuple[int, int], text: str, size: int, colour: str, width: int, *, keep_end: bool = False
    ) -> None:
        font = ImageFont.load_default(size)
        printable = "".join(letter if letter.isprintable() else " " if letter.isspace() else "?" for letter in text)
        while len(printable) > 1 and font.getlength(printable) > width:
            printable = (
                _ELLIPSIS + printable.lstrip(_ELLIPSIS)[1:]
                if keep_end
                else printable.rstrip(_ELLIPSIS)[:-1] + _ELLIPSIS
            )
        self._draw.text(at, printable, fill=colour, font=font)
