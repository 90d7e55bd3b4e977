"""Cards: escaped, self-contained, and readable on any background."""

import contextlib
import re
from pathlib import Path

import pytest

from discern.display.html_card import HtmlCard, make_visible
from tests.unit.display.shown import read_html
from tests.unit.reporting.factories import HOSTILE


def full_card(text: str) -> str:
    card = HtmlCard(text, text).text(text).facts([(text, text), (text, Path(text))])
    return card.bars([(text, 0.5, text)]).table((text, text), [(text, text)]).pictures([(text, text)]).render()


def test_all_texts_are_escaped() -> None:
    page = read_html(full_card(HOSTILE))
    assert page.text.count(HOSTILE) >= 10


def test_characters_that_hide_text_are_visible() -> None:
    page = read_html(full_card("a\u202eb\x07"))
    assert "\u202e" not in page.text
    assert r"a\u202eb\x07" in page.text
    assert make_visible("naïve\ntext") == "naïve\ntext"


def test_nothing_is_loaded_and_colours_fit_light_and_dark_pages() -> None:
    html = full_card("text")
    assert not re.search(r"https?:|url\(|@import|<link", html)
    assert "color:inherit" in html
    assert not re.search(r"(?<!-)color:(#|black|white)|background:(#fff|white|black)", html)


def test_a_path_below_the_working_directory_is_a_link(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    with contextlib.chdir(tmp_path):
        inside = HtmlCard("a", "b").facts([("page", tmp_path / "runs" / "a b#1.html")]).render()
    assert '<a href="runs/a%20b%231.html">runs/a b#1.html</a>' in inside
    outside = HtmlCard("a", "b").facts([("page", tmp_path / "page.html")]).render()
    assert "<a " not in outside
    assert str(tmp_path / "page.html") in outside


def test_a_relative_path_is_no_script(tmp_path: Path) -> None:
    with contextlib.chdir(tmp_path):
        html = HtmlCard("a", "b").facts([("page", tmp_path / "javascript:alert(1)")]).render()
    assert 'href="javascript:' not in html


@pytest.mark.parametrize(("share", "width"), [(0, "0.0%"), (0.25, "25.0%"), (1, "100.0%"), (7, "100.0%"), (-1, "0.0%")])
def test_bars_stay_in_their_row(share: float, width: str) -> None:
    assert f"width:{width}" in HtmlCard("a", "b").bars([("x", share, "y")]).render()


def test_a_long_table_is_cut_with_a_note() -> None:
    page = read_html(HtmlCard("a", "b").table(("class", "n"), [(f"class {n}", n) for n in range(131)]).render())
    assert "class 11" in page.text
    assert "class 12" not in page.text
    assert "and 119 more" in page.text


def test_what_is_empty_adds_nothing() -> None:
    assert HtmlCard("a", "b").text("").facts([]).bars([]).render() == HtmlCard("a", "b").render()
