"""A contact sheet: answers that are for a person, as one page or one picture."""

import base64
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from discern.atomic import atomic_write
from discern.errors import UnreadableFile
from discern.reporting.display_names import Names
from discern.reporting.formatting import count, percent, plural
from discern.reporting.render_html import write_page

THUMB_SIDE = 224
"""The longer side of a picture on a sheet, in pixels."""

_COLUMNS, _GAP, _LINES, _LINE = (4, 10), 20, 4, 19
_INK, _SOFT, _WARM, _PAPER, _CARD = "#1d2125", "#5b636b", "#b4470c", "#fbfaf8", "#f0ede8"
_CUT = "\N{HORIZONTAL ELLIPSIS}"


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """One answer that is for a person.

    Attributes:
        path: the picture's, within its source.
        decision: `review` or `unknown`.
        message: the answer in one sentence.
        candidates: labels and their probabilities, the most probable first.
        thumb: the picture, made small; None where it cannot be shown.
    """

    path: str
    decision: str
    message: str
    candidates: Sequence[tuple[str, float]]
    thumb: Image.Image | None

    @property
    def uri(self) -> str:
        """The picture for an `img` element; "" where there is none."""
        if self.thumb is None:
            return ""
        stream = io.BytesIO()
        self.thumb.convert("RGB").save(stream, "JPEG", quality=80, optimize=True)
        return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What a sheet shows.

    Attributes:
        title: the model's name.
        answers: the name of the file that has all answers.
        pictures: how many were answered.
        review: how many of them are `review`.
        unknown: how many are `unknown`.
        unusable: how many files were no picture that can be used.
        names: what labels are called.
        doubts: those that are shown, the least sure first.
    """

    title: str
    answers: str
    pictures: int
    review: int
    unknown: int
    unusable: int
    names: Mapping[str, str]
    doubts: Sequence[Doubt]

    @property
    def sentences(self) -> list[str]:
        """What is to be said above the pictures."""
        doubtful = self.review + self.unknown
        said = [
            f"{count(doubtful)} of {plural(self.pictures, 'picture')} {'is' if doubtful == 1 else 'are'} for a person: "
            f"{count(self.review)} to have a look at, {count(self.unknown)} that may be none of the things it knows."
        ]
        if more := doubtful - len(self.doubts):
            said.append(
                f"Shown are the {count(len(self.doubts))} least sure; {count(more)} more are in {self.answers}."
            )
        if self.unusable:
            said.append(f"{plural(self.unusable, 'file')} could not be used; {self.answers} says why.")
        return said

    def candidates(self, doubt: Doubt) -> str:
        """The most probable labels in words."""
        return ", ".join(
            f"{self.names.get(label, label)} {percent(share, digits=0)}" for label, share in doubt.candidates
        )


def write_sheet_page(path: Path, sheet: Sheet) -> None:
    """Write a sheet as one HTML file that needs no other.

    Raises:
        UnreadableFile: the file cannot be written.
    """
    write_page(path, "sheet.html", names=Names(sheet.names), anchors={}, title=sheet.title, sheet=sheet)


def write_sheet_picture(path: Path, sheet: Sheet) -> None:
    """Write a sheet as one PNG.

    Raises:
        UnreadableFile: the file cannot be written.
    """
    cell_height = THUMB_SIDE + _GAP + _LINES * _LINE + _GAP
    head = _GAP + 40 + 26 * len(sheet.sentences) + _GAP
    columns = min(max(math.isqrt(len(sheet.doubts)), _COLUMNS[0]), _COLUMNS[1])
    rows = -(-len(sheet.doubts) // columns)
    canvas = Image.new("RGB", (_GAP + columns * (THUMB_SIDE + _GAP), head + rows * cell_height), _PAPER)
    pen = _Pen(ImageDraw.Draw(canvas))
    pen.write((_GAP, _GAP), f"{sheet.title}: doubtful answers", 26, _INK, canvas.width - 2 * _GAP)
    for number, sentence in enumerate(sheet.sentences):
        pen.write((_GAP, _GAP + 40 + 26 * number), sentence, 16, _SOFT, canvas.width - 2 * _GAP)
    for number, doubt in enumerate(sheet.doubts):
        left = _GAP + number % columns * (THUMB_SIDE + _GAP)
        top = head + number // columns * cell_height
        _draw(canvas, pen, (left, top), doubt, sheet)
    try:
        with atomic_write(path) as unfinished:
            canvas.save(unfinished, "PNG", optimize=True)
    except OSError as error:
        raise UnreadableFile(f"The sheet {path} cannot be written: {error}.", hint="Make room there.") from error


def _draw(canvas: Image.Image, pen: "_Pen", at: tuple[int, int], doubt: Doubt, sheet: Sheet) -> None:
    left, top = at
    pen.box((left, top, left + THUMB_SIDE, top + THUMB_SIDE), _CARD)
    if doubt.thumb is None:
        pen.write((left + 12, top + 12), "cannot be shown", 14, _SOFT, THUMB_SIDE)
    else:
        width, height = doubt.thumb.size
        canvas.paste(doubt.thumb, (left + (THUMB_SIDE - width) // 2, top + (THUMB_SIDE - height) // 2))
    top += THUMB_SIDE + 6
    pen.write((left, top), doubt.decision, 15, _WARM, THUMB_SIDE)
    for number, (label, share) in enumerate(doubt.candidates[:2], 1):
        said = f"{sheet.names.get(label, label)} {percent(share, digits=0)}"
        pen.write((left, top + number * _LINE), said, 15, _INK, THUMB_SIDE)
    pen.write((left, top + 3 * _LINE), doubt.path, 12, _SOFT, THUMB_SIDE, keep_end=True)


class _Pen:
    """Draws boxes, and text that keeps to its width."""

    def __init__(self, draw: ImageDraw.ImageDraw) -> None:
        self._draw = draw

    def box(self, corners: tuple[int, int, int, int], colour: str) -> None:
        self._draw.rectangle(corners, fill=colour)

    def write(
        self, at: tuple[int, int], text: str, size: int, colour: str, width: int, *, keep_end: bool = False
    ) -> None:
        font = ImageFont.load_default(size)
        shown = "".join(letter if letter.isprintable() else " " if letter.isspace() else "?" for letter in text)
        while len(shown) > 1 and font.getlength(shown) > width:
            shown = _CUT + shown.lstrip(_CUT)[1:] if keep_end else shown.rstrip(_CUT)[:-1] + _CUT
        self._draw.text(at, shown, fill=colour, font=font)
