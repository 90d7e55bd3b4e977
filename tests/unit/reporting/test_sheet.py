"""A contact sheet of doubtful answers, as a page and as a picture."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from discern.errors import UnreadableFile
from discern.reporting.sheet import Doubt, Sheet, write_sheet_page, write_sheet_picture

NASTY = 'a/<script>alert("x")</script>\u202egpj.exe\n' + "very long " * 40


def doubt(path: str = "a.png", *, colour: str | None = "#cc2200", decision: str = "review") -> Doubt:
    thumb = None if colour is None else Image.new("RGB", (200, 100), colour)
    message = 'This looks like "red" (51 %), but please have a look.'
    return Doubt(path=path, decision=decision, message=message, candidates=[("red", 0.51), ("dark", 0.49)], thumb=thumb)


def sheet(*doubts: Doubt, review: int = 1, unknown: int = 0, unusable: int = 0, pictures: int = 10) -> Sheet:
    return Sheet(
        title="colours",
        answers="a.csv",
        pictures=pictures,
        review=review,
        unknown=unknown,
        unusable=unusable,
        names={"red": "Ripe red"},
        doubts=doubts,
    )


class TestSentences:
    def test_one_is_for_a_person(self) -> None:
        (said,) = sheet(doubt()).sentences
        assert said.startswith("1 of 10 pictures is for a person: 1 to have a look at, 0 that may be none")

    def test_what_is_not_shown_is_said(self) -> None:
        said = sheet(doubt(), review=1_200, unknown=34, pictures=100_000).sentences
        assert said[0].startswith("1,234 of 100,000 pictures are")
        assert said[1] == "Shown are the 1 least sure; 1,233 more are in a.csv."

    def test_files_that_are_no_pictures_are_counted(self) -> None:
        assert sheet(doubt(), unusable=2).sentences[-1] == "2 files could not be used; a.csv says why."


class TestPage:
    def test_it_is_whole_and_needs_nothing_else(self, tmp_path: Path) -> None:
        write_sheet_page(
            tmp_path / "a.html", sheet(doubt(), doubt("b.png", colour=None, decision="unknown"), unknown=1)
        )
        page = (tmp_path / "a.html").read_text()
        assert page.count("<figure>") == 2
        assert page.count("data:image/jpeg;base64,") == 1
        assert 'aria-label="b.png cannot be shown"' in page
        assert "Ripe red 51" in page
        assert 'src="http' not in page

    def test_names_are_text_whatever_they_hold(self, tmp_path: Path) -> None:
        write_sheet_page(tmp_path / "a.html", sheet(doubt(NASTY)))
        page = (tmp_path / "a.html").read_text()
        assert "<script>alert" not in page
        assert "\u202e" not in page


class TestPicture:
    @pytest.mark.parametrize("count", [0, 1, 4, 5, 30, 150])
    def test_each_has_its_place(self, tmp_path: Path, count: int) -> None:
        write_sheet_picture(tmp_path / "a.png", sheet(*[doubt()] * count, review=count))
        pixels = np.asarray(Image.open(tmp_path / "a.png").convert("RGB"))
        assert (pixels == (204, 34, 0)).all(axis=2).sum() == count * 200 * 100

    def test_long_and_odd_names_keep_to_their_column(self, tmp_path: Path) -> None:
        one = replace(doubt(NASTY, colour=None), candidates=[("x" * 300, 1.0)])
        write_sheet_picture(tmp_path / "a.png", sheet(one))
        pixels = np.asarray(Image.open(tmp_path / "a.png").convert("L"))
        below_the_head = pixels[140:, 250:]
        assert (below_the_head == below_the_head[0, 0]).all()

    def test_a_place_that_is_none_is_told(self, tmp_path: Path) -> None:
        for write in (write_sheet_page, write_sheet_picture):
            with pytest.raises(UnreadableFile, match="cannot be written"):
                write(tmp_path / "none" / "a.png", sheet(doubt()))
