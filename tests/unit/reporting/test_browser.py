"""Pages in a real browser: no horizontal scrolling on a phone, and a heat map that responds to touch and keys."""

import html
import json
import re
import subprocess
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from discern.catalog import scan
from discern.evaluating import Metrics
from discern.picture import open_picture
from discern.reporting import write_data_page, write_report
from discern.reporting.captured_page import CapturedPage, CapturedPoint, write_captured_page
from discern.reporting.gallery import PageImage
from tests.e2e import chromium
from tests.unit.reporting.factories import RUN, extras_for, finding, metrics_for, predictions_for, write_pictures

BROWSER = chromium.find()
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-web-security",
    "--allow-file-access-from-files",
    "--virtual-time-budget=4000",
    "--dump-dom",
]
FRAME = """<iframe id="page{number}" src="{page}" style="width:{width}px;height:800px;border:0"></iframe>"""
HARNESS = """<pre id="results"></pre><script>onload = () => {{
  const results = [{scripts}].map((script, number) =>
    script(document.getElementById(`page${{number}}`).contentDocument));
  document.getElementById("results").textContent = JSON.stringify(results);
}}</script>"""
SCROLL_WIDTH = "return [inside.documentElement.scrollWidth, inside.documentElement.clientWidth];"
TOUCH = """
  const map = inside.querySelector(".heat"), area = map.getBoundingClientRect(), size = 20;
  return [[3, 3], [3, 4], [3, 9]].map(([row, column]) => {
    map.dispatchEvent(new inside.defaultView.PointerEvent("pointerdown", {bubbles: true,
      clientX: area.left + area.width * (column + .5) / size, clientY: area.top + area.height * (row + .5) / size}));
    return inside.querySelector("output").textContent;
  });"""

KEYS = """
  const map = inside.querySelector(".heat"), press = (key) =>
    map.dispatchEvent(new inside.defaultView.KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
  map.focus();
  ["ArrowDown", "ArrowDown", "ArrowRight", "ArrowUp", "ArrowLeft", "ArrowLeft"].forEach(press);
  const readout = inside.querySelector("output").textContent;
  press("Enter");
  return [readout, inside.defaultView.location.hash];"""
OPENED = """
  const box = inside.querySelector("[data-captured]"), slider = box.querySelector("input");
  const shown = () => [slider.getAttribute("aria-valuetext"), box.querySelector("figcaption").textContent,
    box.querySelector("figure img").hidden, box.querySelector("figure .placeholder").hidden];
  const results = [shown()];
  slider.value = 0;
  slider.dispatchEvent(new inside.defaultView.Event("input", {bubbles: true}));
  results.push(shown());
  const marks = box.querySelector(".mark.review").getBoundingClientRect();
  box.querySelector("svg").dispatchEvent(new inside.defaultView.PointerEvent("pointerdown", {bubbles: true,
    clientX: marks.x + marks.width / 2, clientY: marks.y + marks.height / 2}));
  return [...results, shown()];"""
VISIBLE = """
  return [...inside.querySelectorAll("header.top, main > section")]
    .filter((each) => each.getClientRects().length).map((each) => each.id);"""

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")


SCRIPTS = {
    "report on a phone": ("report.html", 360, SCROLL_WIDTH),
    "class on a phone": ("report.html#class-2", 360, SCROLL_WIDTH),
    "data on a phone": ("data.html", 360, SCROLL_WIDTH),
    "captured on a phone": ("captured.html", 360, SCROLL_WIDTH),
    "points": ("captured.html", 1000, OPENED),
    "touch": ("report.html", 1000, TOUCH),
    "keys": ("report.html", 1000, KEYS),
    "one class": ("report.html#class-7", 1000, VISIBLE),
    "no class": ("report.html#classes", 1000, VISIBLE),
}


def run_scripts(folder, scripts: dict) -> dict:
    """Run each script, the body of a function of `inside`, in its page and return the results."""
    frames = [
        FRAME.format(number=number, page=f"{folder.as_uri()}/{page}", width=width)
        for number, (page, width, _) in enumerate(scripts.values())
    ]
    functions = ",".join(f"(inside) => {{ {script} }}" for _, _, script in scripts.values())
    frame = folder / "frame.html"
    frame.write_text("".join(frames) + HARNESS.format(scripts=functions))
    profile = f"--user-data-dir={folder / 'profile'}"
    shown = subprocess.run(
        [BROWSER, *FLAGS, profile, frame.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    results = json.loads(html.unescape(re.search(r'<pre id="results">(.*?)</pre>', shown.stdout, re.DOTALL)[1]))
    return dict(zip(scripts, results, strict=True))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A report and a data page of 20 classes, with names and paths that are long and cannot be broken."""
    folder = tmp_path_factory.mktemp("browser")
    names = [f"{number:02d}-{'very' * 8}-long-name" for number in range(20)]
    catalog = scan(write_pictures(folder / "data", names, each=4), cache=folder / "cache", threads=1)
    predictions = predictions_for(catalog)
    found = [
        finding("likely_wrong_label", 2, action="relabel", value=names[3]),
        finding("near_copy", 0, 1),
        finding("large_group", *range(8)),
        finding("small_class", why="Few. " * 40),
    ]
    write_report(
        folder / "report.html",
        catalog=catalog,
        findings=found,
        predictions=predictions,
        metrics=Metrics.from_json(metrics_for(catalog, predictions) | extras_for(catalog.labels)),
        run=RUN | {"data": {"root": "a/" * 200}},
        pictures=lambda row: open_picture(catalog.read_one(row)),
        evidence=lambda rows: [np.ones((3, 3)) for _ in rows],
        title="x" * 200,
    )
    write_data_page(folder / "data.html", catalog=catalog, findings=found, title="trees")
    write_captured_page(folder / "captured.html", captured_page())
    return folder


def captured_page():
    """Three captured answers, one for each decision, with names and paths that are long and cannot be broken."""
    image = PageImage(uri="data:image/gif;base64,R0lGODlhAQABAAAAACw=", alt="", width=1, height=1)
    points = [
        CapturedPoint(
            path=f"{number}{'x' * 200}",
            time=datetime(2026, 11, 29, 10, number, tzinfo=UTC),
            confidence=0.9 - 0.1 * number,
            label=f"{'very' * 8}-long-name",
            decision=decision,
            image=image if number else replace(image, uri=""),
        )
        for number, decision in enumerate(("accept", "review", "unknown"))
    ]
    return CapturedPage(
        title="x" * 200,
        points=points,
        answers=3,
        decisions={each.decision: 1 for each in points},
        classes={"y" * 100: 3},
        lines=[("accept threshold", 0.85, 1), ("plain threshold", 0.86, 1)],
        gaps=[],
        notes=["z" * 200],
        damaged=[("x" * 200, "y" * 200)],
    )


@pytest.fixture(scope="module")
def results(folder):
    return run_scripts(folder, SCRIPTS)


@pytest.mark.parametrize("page", ["report", "class", "data", "captured"])
def test_no_page_scrolls_horizontally_on_a_phone(results, page):
    content, window = results[f"{page} on a phone"]
    assert content <= window


def test_a_captured_answer_is_opened_by_the_control_and_by_its_mark(results):
    first, second, third = results["points"]
    assert first[0].startswith("3 of 3: ")  # the least confident one
    assert second[0].startswith("1 of 3: ")
    assert second[2:] == [True, False]  # its picture cannot be shown
    assert first[2:] == third[2:] == [False, True]
    assert third[0].startswith("2 of 3: ")
    assert "for review, 2026-11-29 10:01:00 UTC" in third[1]


def test_a_class_page_is_shown_alone(results):
    assert results["one class"] == ["class-7"]


def test_class_pages_are_hidden_by_default(results):
    assert {"accept-policy", "classes", "ordinal", "confidence", "learning-curve", "dataset"} <= set(
        results["no class"]
    )
    assert not any(each.startswith("class-") for each in results["no class"])


def test_the_heat_map_responds_to_touch(results):
    correct, wrong, never = results["touch"]
    name = f"03-{'very' * 8}-long-name"
    assert re.fullmatch(rf"{name}: \d of 4 predicted correctlyShow this class", correct)
    assert re.fullmatch(rf"{name}: \d of 4 predicted as 04-.*", wrong)
    assert never.startswith(f"{name}: 0 of 4 predicted as 09-")


def test_the_heat_map_responds_to_keys(results):
    readout, anchor = results["keys"]
    assert readout.startswith(f"01-{'very' * 8}-long-name: ")
    assert "predicted as common ash" in readout
    assert anchor == "#class-1"
