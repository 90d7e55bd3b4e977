"""Complete pages: one self-contained file, safe, well-formed, accessible, and tolerant of missing parts."""

import base64
import hashlib
import itertools
import json
import os
import re

import numpy as np
import pytest
from PIL import Image

from discern.catalog import scan
from discern.errors import UnreadableFile
from discern.evaluating import Metrics
from discern.picture import open_picture
from discern.reporting import PredictionTable, write_data_page, write_report
from tests.unit.reporting.factories import (
    HOSTILE,
    RUN,
    Page,
    extras_for,
    finding,
    metrics_for,
    predictions_for,
    write_pictures,
)


def findings_of(catalog) -> list:
    rows = np.flatnonzero(catalog.readable)
    broken = int(np.flatnonzero(~catalog.readable)[0]) if not catalog.readable.all() else int(rows[0])
    return [
        finding("near_copy", int(rows[0]), int(rows[1]), action="group"),
        finding("unreadable", broken),
        finding("small_class", why="'ash' has few groups."),
    ]


def report(path, catalog, **changes) -> Page:
    predictions = changes.pop("predictions", None) or predictions_for(catalog)
    metrics = changes.pop("metrics", None) or metrics_for(catalog, predictions) | extras_for(catalog.labels)
    given = {
        "catalog": catalog,
        "findings": findings_of(catalog),
        "predictions": predictions,
        "metrics": Metrics.from_json(metrics),
        "run": RUN,
        "pictures": lambda row: open_picture(catalog.read_one(row)),
        "evidence": lambda rows: [np.ones((3, 3, len(catalog.labels))) for _ in rows],
        "title": "trees",
    }
    write_report(path, **(given | changes))
    return Page(path.read_text("utf-8"))


@pytest.fixture(scope="module")
def full(catalog, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    return report(path, catalog), path.read_text("utf-8")


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    names = [f"kind {number}" for number in range(30)]
    folder = tmp_path_factory.mktemp("many")
    catalog = scan(write_pictures(folder / "data", names, each=3), cache=folder / "cache", threads=1)
    return report(folder / "report.html", catalog), (folder / "report.html").read_text("utf-8")


def test_the_report_has_all_sections(full):
    page, _ = full
    for words in (
        "66.7 %",
        "a classifier trained this way is correct",
        "An ordinary random split would have reported",
        "What to do next",
        "How much it can do without a person",
        "Stricter and looser error limits",
        "Class by class",
        "What it mixes up",
        "How far off it is",
        "Prediction sets",
        "Negatives called unknown",
        "Would more pictures help?",
        "about 30 to 80 more independent pictures of common ash",
        "All classes",
        "The most confident errors",
        "Random examples",
        "Confidence and unknown pictures",
        "Pictures per class",
        "Near-copies",
        "Unreadable files",
        "How it was made",
        "ImageNet-1k",
        "2026-11-21 11:30 UTC",
        "3 min 20 s",
        "This file contains pictures",
    ):
        assert words in page.text


def test_the_page_is_self_contained(full, many):
    for page, text in (full, many):
        assert not page.all("link")
        addresses = [each[name] for _, each in page.elements for name in ("src", "href") if name in each]
        assert addresses
        assert all(address.startswith(("data:image/jpeg;base64,", "#")) for address in addresses)
        assert not re.search(r"url\(|@import|https?://", re.sub(r'data:[^"]*', "", text))


def test_every_element_is_closed(full, many):
    assert full[0].open == many[0].open == []


def test_only_our_script_may_run(full):
    page, text = full
    policy = page.all("meta")[2]["content"]
    script = re.search(r"<script>(.*?)</script>", text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")


def test_pictures_have_texts_and_tables_have_captions(full, many):
    for page, _ in (full, many):
        assert all(each.get("alt") for each in page.all("img"))
        assert len(page.all("table")) == len(page.all("caption"))
        assert all(each.get("scope") in ("row", "col") for each in page.all("th"))
        assert all("aria-hidden" in each or each.get("aria-label") for each in page.all("svg"))


def test_headings_do_not_skip_a_level(full):
    levels = [int(name[1]) for name, _ in full[0].elements if re.fullmatch("h[1-6]", name)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_links_within_the_page_lead_somewhere(full, many):
    for page, _ in (full, many):
        ids = [each["id"] for _, each in page.elements if "id" in each]
        assert len(ids) == len(set(ids))
        assert {each["href"][1:] for each in page.all("a")} <= set(ids)


def test_the_page_has_a_language_and_a_viewport(full):
    page, text = full
    assert page.all("html")[0]["lang"] == "en"
    assert page.all("meta")[1]["content"] == "width=device-width, initial-scale=1"
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_many_classes_have_a_heat_map_with_its_data(many):
    page, text = many
    data = json.loads(re.search(r'<script type="application/json">(.*?)</script>', text, re.DOTALL)[1])
    assert len(data["labels"]) == len(data["pages"]) == 30
    assert sum(sum(row.values()) for row in data["cells"].values()) == 90
    assert any(each.get("class") == "heat" for each in page.all("svg"))
    assert "The other 15 classes" in page.text


def test_metrics_of_older_runs_lack_the_newer_sections(catalog, tmp_path):
    predictions = predictions_for(catalog)
    page = report(tmp_path / "report.html", catalog, predictions=predictions, metrics=metrics_for(catalog, predictions))
    for words in ("without a person", "How far off", "Prediction sets", "Negatives called", "Would more pictures help"):
        assert words not in page.text
    assert "Class by class" in page.text


def test_null_parts_are_not_drawn(catalog, tmp_path):
    nothing = dict.fromkeys(("policy", "conformal", "ordered", "gate", "learning_curve", "names"))
    predictions = predictions_for(catalog)
    page = report(
        tmp_path / "report.html", catalog, predictions=predictions, metrics=metrics_for(catalog, predictions) | nothing
    )
    assert "No error limit was set" in page.text
    assert "None" not in page.text.replace("None of its pictures", "")


def test_a_display_name_is_followed_by_its_label(full):
    page, text = full
    assert '<bdi>common ash</bdi> <bdi class="code">ash</bdi>' in text
    assert "✓ common ash" in page.text


def test_negatives_have_their_own_histogram(catalog, tmp_path):
    page = report(tmp_path / "report.html", catalog, negative_scores=np.linspace(1.5, 3, 40))
    assert "pictures of none of the classes" in page.text


def test_the_same_run_gives_the_same_page(full, catalog, tmp_path):
    report(tmp_path / "again.html", catalog)
    assert (tmp_path / "again.html").read_text("utf-8") == full[1]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such file names")
def test_hostile_names_stay_text(tmp_path):
    folder = write_pictures(tmp_path / "data", ["ash", "birch & <i>elm"], each=3)
    hostile = "x<img src=q onerror=alert(1)>\u202e.png"
    Image.new("RGB", (30, 30), "red").save(folder / "train" / "ash" / hostile)
    catalog = scan(folder, cache=tmp_path / "cache", threads=1)
    rows = [row for row in range(len(catalog.table)) if "onerror" in catalog.table["path"][row]]
    page = report(
        tmp_path / "report.html",
        catalog,
        findings=[finding("near_copy", rows[0], 0, why=HOSTILE)],
        title=HOSTILE,
        run=RUN | {"config": {"name": HOSTILE}},
    )
    assert not any("onerror" in each for _, each in page.elements)
    assert not page.all("i")
    assert len(page.all("script")) == 1
    assert HOSTILE in page.text
    assert "birch & <i>elm" in page.text
    assert any("onerror" in each["alt"] for each in page.all("img"))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such folder names")
def test_hostile_labels_cannot_leave_the_heat_map_data(tmp_path):
    names = [f"{number} <b> & kind" for number in range(17)]
    catalog = scan(write_pictures(tmp_path / "data", names, each=2), cache=tmp_path / "cache", threads=1)
    predictions = predictions_for(catalog)
    metrics = metrics_for(catalog, predictions)
    metrics["figures"]["labels"][0] = "</script><script>alert(1)</script>"
    page = report(tmp_path / "report.html", catalog, predictions=predictions, metrics=metrics)
    assert len(page.all("script")) == 2
    text = (tmp_path / "report.html").read_text("utf-8")
    data = json.loads(re.search(r'<script type="application/json">(.*?)</script>', text, re.DOTALL)[1])
    assert data["labels"][0] == "</script><script>alert(1)</script>"


@pytest.mark.parametrize(
    "metrics",
    [
        {"accuracy": None},
        {"accuracy": {"leak_free": None, "naive": None, "given": None, "difference": None}, "figures": None},
        {"accuracy": {"leak_free": {"value": 0.5}}, "ece": None, "unknown": None, "split": None, "baselines": {}},
        {"accuracy": {"leak_free": {"value": 0.5, "low": None, "high": None, "note": "too few for an interval"}}},
        {"unknown": {"t_unknown": None, "false_rejection": None}, "seconds": None},
    ],
)
def test_missing_parts_are_not_drawn(metrics, catalog, tmp_path):
    page = report(tmp_path / "report.html", catalog, metrics=metrics, run={}, evidence=None)
    assert page.open == []
    assert "What it mixes up" not in page.text
    assert "nan" not in page.text.lower().split()
    assert "None" not in page.text.replace("None of its pictures", "")


def test_the_false_rejection_rate_has_its_interval(catalog, tmp_path):
    rejection = {"value": 0.05, "low": 0.021, "high": 0.114, "note": None}
    unknown = {"t_unknown": 1.8, "false_rejection": 0.05, "false_rejection_interval": rejection}
    text = report(tmp_path / "report.html", catalog, metrics={"unknown": unknown}).text.replace("\xa0", " ")
    assert "5.0 % of the held-out pictures (2.1 to 11.4 %)" in text


def test_a_report_without_predictions_has_a_page(catalog, tmp_path):
    none = PredictionTable(
        rows=np.array([], int),
        truth=np.array([], int),
        probabilities=np.zeros((0, 3)),
        unknown_score=np.array([]),
        decision=[],
    )
    page = report(tmp_path / "report.html", catalog, predictions=none, metrics={"unknown": {"t_unknown": 1.0}})
    assert "There were none" in page.text


def test_pictures_that_are_gone_do_not_stop_it(catalog, tmp_path):
    def gone(row):
        raise FileNotFoundError(row)

    assert report(tmp_path / "report.html", catalog, pictures=gone).all("img")


def test_the_data_page_has_no_predictions(catalog, tmp_path):
    path = tmp_path / "data.html"
    write_data_page(path, catalog=catalog, findings=findings_of(catalog), title="trees")
    page = Page(path.read_text("utf-8"))
    assert page.open == []
    for words in ("Pictures per class", "Near-copies", "broken.png", "This file contains pictures"):
        assert words in page.text
    assert "The most confident errors" not in page.text
    assert catalog.fingerprint in page.text


def test_clean_data_has_no_findings(tmp_path):
    catalog = scan(write_pictures(tmp_path / "data"), cache=tmp_path / "cache", threads=1)
    write_data_page(tmp_path / "data.html", catalog=catalog, findings=[], title="clean")
    assert "No findings" in Page((tmp_path / "data.html").read_text("utf-8")).text


def test_an_existing_page_is_replaced_without_leftovers(catalog, tmp_path):
    path = tmp_path / "data.html"
    path.write_text("old")
    write_data_page(path, catalog=catalog, findings=[], title="new")
    assert "new" in path.read_text("utf-8")
    assert [each.name for each in tmp_path.iterdir()] == ["data.html"]


def test_a_missing_folder_is_reported(catalog, tmp_path):
    with pytest.raises(UnreadableFile, match="cannot be written"):
        write_data_page(tmp_path / "no" / "data.html", catalog=catalog, findings=[], title="x")


@pytest.mark.slow
@pytest.mark.real
def test_the_page_of_52_classes_is_small(real_data, tmp_path):
    catalog = scan(real_data / "fruits360_varieties", cache=tmp_path / "cache")
    report(tmp_path / "report.html", catalog)
    assert (tmp_path / "report.html").stat().st_size < 6_000_000


def test_an_unreadable_file_is_named_without_the_folder_above(tmp_path):
    folder = write_pictures(tmp_path / "trees")
    (folder / "train" / "ash" / "nothing.png").write_bytes(b"")
    catalog = scan(folder, cache=tmp_path / "cache", threads=1)
    assert str(folder) in catalog.table.filter(~catalog.readable)["message"].item()
    write_data_page(tmp_path / "data.html", catalog=catalog, findings=[], title="trees")
    text = (tmp_path / "data.html").read_text("utf-8")
    assert "train/ash/nothing.png is empty" in text
    assert str(folder) not in text
