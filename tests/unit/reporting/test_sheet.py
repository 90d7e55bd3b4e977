"""Review sheets as a page and as a picture."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from discern.errors import UnreadableFile
from discern.reporting.sheet import ReviewSheet, SheetEntry, write_sheet_page, write_sheet_picture

HOSTILE_PATH = 'a/<script>alert("x")</script>\u202egpj.exe\n' + "very long " * 40


def entry(path: str = "a.png", *, colour: str | None = "#cc2200", decision: str = "review") -> SheetEntry:
    thumb = None if colour is None else Image.new("RGB", (200, 100), colour)
    message = 'This looks like "red" (51 %), but please have a look.'
    return SheetEntry(
        path=path, decision=decision, message=message, candidates=[("red", 0.51), ("dark", 0.49)], thumb=thumb
    )


def sheet(
    *entries: SheetEntry, review: int = 1, unknown: int = 0, unusable: int = 0, pictures: int = 10
) -> ReviewSheet:
    return ReviewSheet(
        title="colours",
        table="a.csv",
        pictures=pictures,
        review=review,
        unknown=unknown,
        unusable=unusable,
        names={"red": "Ripe red"},
        entries=entries,
    )


class TestSentences:
    def test_one_needs_a_person(self) -> None:
        (sentence,) = sheet(entry()).sentences
        assert sentence == "1 of 10 pictures needs a person: 1 for review, 0 called unknown."

    def test_entries_not_shown_are_counted(self) -> None:
        sentences = sheet(entry(), review=1_200, unknown=34, pictures=100_000).sentences
        assert sentences[0].startswith("1,234 of 100,000 pictures need")
        assert sentences[1] == "The 1 least confident are shown; 1,233 more are in a.csv."

    def test_unusable_files_are_counted(self) -> None:
        assert sheet(entry(), unusable=2).sentences[-1] == "2 files could not be read; see a.csv for the reasons."


class TestPage:
    def test_the_page_is_self_contained(self, tmp_path: Path) -> None:
        write_sheet_page(
            tmp_path / "a.html", sheet(entry(), entry("b.png", colour=None, decision="unknown"), unknown=1)
        )
        page = (tmp_path / "a.html").read_text()
        assert page.count("<figure>") == 2
        assert page.count("data:image/jpeg;base64,") == 1
        assert 'aria-label="b.png cannot be shown"' in page
        assert "Ripe red 51" in page
        assert 'src="http' not in page

    def test_hostile_paths_are_escaped(self, tmp_path: Path) -> None:
        write_sheet_page(tmp_path / "a.html", sheet(entry(HOSTILE_PATH)))
        page = (tmp_path / "a.html").read_text()
        assert "<script>alert" not in page
        assert "\u202e" not in page


class TestPicture:
    @pytest.mark.slow
    @pytest.mark.parametrize("count", [0, 1, 4, 5, 30, 150])
    def test_each_entry_has_its_cell(self, tmp_path: Path, count: int) -> None:
        write_sheet_picture(tmp_path / "a.png", sheet(*[entry()] * count, review=count))
        pixels = np.asarray(Image.open(tmp_path / "a.png").convert("RGB"))
        assert (pixels == (204, 34, 0)).all(axis=2).sum() == count * 200 * 100

    def test_long_paths_are_cut_to_their_column(self, tmp_path: Path) -> None:
        one = replace(entry(HOSTILE_PATH, colour=None), candidates=[("x" * 300, 1.0)])
        write_sheet_picture(tmp_path / "a.png", sheet(one))
        pixels = np.asarray(Image.open(tmp_path / "a.png").convert("L"))
        below_the_head = pixels[140:, 250:]
        assert (below_the_head == below_the_head[0, 0]).all()

    def test_a_missing_folder_is_an_error(self, tmp_path: Path) -> None:
        for write in (write_sheet_page, write_sheet_picture):
            with pytest.raises(UnreadableFile, match="cannot be written"):
                write(tmp_path / "none" / "a.png", sheet(entry()))
