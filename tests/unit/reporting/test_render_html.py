"""Rendering of a template: atomic, with display names, anchors and one script."""

import os
import re

import pytest

from discern.errors import UnreadableFile
from discern.evaluating import AccuracyDifference, LeakFreeAccuracy, UnknownThreshold
from discern.reporting.display_names import DisplayNames
from discern.reporting.render_html import write_page
from tests.unit.reporting.factories import HOSTILE, Page


def render(path, **context) -> tuple[Page, str]:
    empty = {
        "title": "t",
        "run": {},
        "headline": LeakFreeAccuracy(),
        "sentences": [],
        "account": [],
        "steps": [],
        "notes": [],
        "comparison": None,
        "difference": AccuracyDifference(),
        "metric_rows": (),
        "policy": None,
        "class_rows": (),
        "confusion": None,
        "ordinal": None,
        "errors": (),
        "sample": (),
        "predicted": 0,
        "wrong": 0,
        "reliability": None,
        "bins": [],
        "histogram": None,
        "unknown": UnknownThreshold(),
        "prediction_sets": None,
        "unknown_detection": None,
        "learning_curve": None,
        "unlike": None,
        "training": None,
        "findings": (),
        "unreadable": [],
        "seconds": {},
        "provenance": [],
        "pages": (),
        "dataset": EmptyDataset(),
    }
    write_page(path, "report.html", **({"names": DisplayNames({}), "anchors": {}} | empty | context))
    text = path.read_text("utf-8")
    return Page(text), text


class EmptyDataset:
    """Summary of a dataset without pictures."""

    pictures = unreadable = negatives = unlabelled = 0
    classes = parts = part_totals = measures = formats = modes = ()
    smallest = median = largest = "none"


class Step:
    title, text, anchor = HOSTILE, HOSTILE, "accuracy"


def test_an_empty_report_has_a_page(tmp_path):
    page, _ = render(tmp_path / "report.html")
    assert page.open == []
    assert "could not be measured" in page.text
    assert "No findings" in page.text


def test_a_step_is_a_link_and_is_escaped(tmp_path):
    page, text = render(tmp_path / "report.html", steps=[Step()])
    assert page.text.count(HOSTILE) == 2
    assert {"href": "#accuracy"} in page.all("a")
    assert len(re.findall("<script", text)) == 1


def test_a_class_is_a_link_only_if_it_has_a_page(tmp_path):
    class Row:
        label, support, groups, precision, recall, ends, f1, track = "ash", "1", "1", "-", "-", "-", "-", ""

    page, _ = render(tmp_path / "report.html", class_rows=[Row()])
    assert not any(each.get("class") == "class-link" for each in page.all("a"))
    page, text = render(
        tmp_path / "report.html",
        class_rows=[Row()],
        anchors={"ash": "class-0"},
        names=DisplayNames({"ash": "common ash"}),
    )
    assert {"class": "class-link", "href": "#class-0"} in page.all("a")
    assert '<bdi>common ash</bdi> <bdi class="code">ash</bdi>' in text


def test_all_sections_use_display_names(tmp_path):
    class Confusion:
        labels = ("a", "b")
        table = ((("1", 1.0), ("0", 0.0)), (("0", 0.0), ("1", 1.0)))
        pairs = ({"truth": "a", "predicted": "b", "count": "1", "share": "50 %"},)

    page, _ = render(
        tmp_path / "report.html", confusion=Confusion(), names=DisplayNames({"a": "oboe", "b": "flute"}), anchors={}
    )
    assert page.text.count("oboe") == 3
    assert page.text.count("flute") == 3


@pytest.mark.skipif(os.name == "nt", reason="Windows lets nobody replace an open file")
def test_an_open_page_stays_readable_when_replaced(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("former")
    with path.open() as reading:
        render(path)
        assert reading.read() == "former"


def test_text_that_cannot_be_encoded_is_escaped(tmp_path):
    page, _ = render(tmp_path / "report.html", title="broken \ud800 name")
    assert "broken \\ud800 name" in page.text


def test_a_page_that_cannot_be_written_is_an_error(tmp_path):
    path = tmp_path / "report.html"
    path.mkdir()
    with pytest.raises(UnreadableFile, match="cannot be written"):
        render(path)


def test_control_and_direction_characters_are_escaped(tmp_path):
    _, text = render(tmp_path / "report.html", title="gpj.\u202eexe\x1b[2J\u200b caf\u00e9\u00a0\u4f60")
    assert "gpj.\\u202eexe\\x1b[2J\\u200b caf\u00e9\u00a0\u4f60" in text
    assert not {"\u202e", "\x1b", "\u200b"} & set(text)
