"""A template becomes one file: whole or not at all, with names, anchors and one script."""

import os
import re

import pytest

from discern.errors import UnreadableFile
from discern.evaluating import AccuracyDifference, LeakFreeAccuracy, UnknownThreshold
from discern.reporting.display_names import Names
from discern.reporting.render_html import write_page
from tests.unit.reporting.factories import HOSTILE, Page


def written(path, **context) -> tuple[Page, str]:
    nothing = {
        "title": "t",
        "run": {},
        "headline": LeakFreeAccuracy(),
        "sentences": [],
        "steps": [],
        "notes": [],
        "comparison": None,
        "difference": AccuracyDifference(),
        "figures": (),
        "promised": None,
        "classes": (),
        "confusion": None,
        "order": None,
        "mistakes": (),
        "drawn": (),
        "answered": 0,
        "wrong": 0,
        "reliability": None,
        "bins": [],
        "histogram": None,
        "unknown": UnknownThreshold(),
        "sets": None,
        "gate": None,
        "growth": None,
        "faults": (),
        "unreadable": [],
        "seconds": {},
        "made": [],
        "pages": (),
        "data": Data(),
    }
    write_page(path, "report.html", **({"names": Names({}), "anchors": {}} | nothing | context))
    text = path.read_text("utf-8")
    return Page(text), text


class Data:
    """No pictures at all."""

    pictures = unreadable = unlabelled = 0
    classes = parts = sides = formats = modes = ()
    smallest = middle = largest = "none"


class Step:
    title, text, anchor = HOSTILE, HOSTILE, "good"


def test_nothing_at_all_is_a_page(tmp_path):
    page, _ = written(tmp_path / "report.html")
    assert page.open == []
    assert "could not be measured" in page.text
    assert "Nothing was found" in page.text


def test_a_step_leads_somewhere_and_is_escaped(tmp_path):
    page, text = written(tmp_path / "report.html", steps=[Step()])
    assert page.text.count(HOSTILE) == 2
    assert {"href": "#good"} in page.all("a")
    assert len(re.findall("<script", text)) == 1


def test_a_class_is_a_link_only_where_it_has_a_page(tmp_path):
    class Row:
        label, support, groups, precision, recall, ends, f1, track = "ash", "1", "1", "-", "-", "-", "-", ""

    page, _ = written(tmp_path / "report.html", classes=[Row()])
    assert not any(each.get("class") == "class-link" for each in page.all("a"))
    page, text = written(
        tmp_path / "report.html", classes=[Row()], anchors={"ash": "class-0"}, names=Names({"ash": "common ash"})
    )
    assert {"class": "class-link", "href": "#class-0"} in page.all("a")
    assert '<bdi>common ash</bdi> <bdi class="code">ash</bdi>' in text


def test_names_reach_every_part(tmp_path):
    class Confusion:
        labels = ("a", "b")
        table = ((("1", 1.0), ("0", 0.0)), (("0", 0.0), ("1", 1.0)))
        pairs = ({"truth": "a", "predicted": "b", "count": "1", "share": "50 %"},)

    page, _ = written(
        tmp_path / "report.html", confusion=Confusion(), names=Names({"a": "oboe", "b": "flute"}), anchors={}
    )
    assert page.text.count("oboe") == 3
    assert page.text.count("flute") == 3


@pytest.mark.skipif(os.name == "nt", reason="Windows lets nobody replace an open file")
def test_a_reader_of_the_former_page_is_not_disturbed(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("former")
    with path.open() as reading:
        written(path)
        assert reading.read() == "former"


def test_what_cannot_be_encoded_does_not_stop_it(tmp_path):
    page, _ = written(tmp_path / "report.html", title="broken \ud800 name")
    assert "broken \\ud800 name" in page.text


def test_a_page_that_cannot_be_written_leaves_the_former_one(tmp_path):
    path = tmp_path / "report.html"
    path.mkdir()
    with pytest.raises(UnreadableFile, match="cannot be written"):
        written(path)


def test_what_would_hide_or_turn_its_surroundings_is_spelled_out(tmp_path):
    _, text = written(tmp_path / "report.html", title="gpj.\u202eexe\x1b[2J\u200b caf\u00e9\u00a0\u4f60")
    assert "gpj.\\u202eexe\\x1b[2J\\u200b caf\u00e9\u00a0\u4f60" in text
    assert not {"\u202e", "\x1b", "\u200b"} & set(text)
