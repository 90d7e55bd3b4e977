"""What a real browser makes of the page: no sideways scroll on a phone, and a confusion that answers a touch."""

import html
import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from discern.catalog import scan
from discern.evaluating import Metrics
from discern.picture import open_picture
from discern.reporting import write_data_page, write_report
from tests.unit.reporting.factories import RUN, answers_for, extras_for, finding, metrics_for, write_pictures

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
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
ASK = """<pre id="told"></pre><script>onload = () => {{
  const told = [{questions}].map((question, number) =>
    question(document.getElementById(`page${{number}}`).contentDocument));
  document.getElementById("told").textContent = JSON.stringify(told);
}}</script>"""
SIDEWAYS = "return [inside.documentElement.scrollWidth, inside.documentElement.clientWidth];"
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
  const told = inside.querySelector("output").textContent;
  press("Enter");
  return [told, inside.defaultView.location.hash];"""
SHOWN = """
  return [...inside.querySelectorAll("header.top, main > section")]
    .filter((each) => each.getClientRects().length).map((each) => each.id);"""

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")


QUESTIONS = {
    "report on a phone": ("report.html", 360, SIDEWAYS),
    "class on a phone": ("report.html#class-2", 360, SIDEWAYS),
    "data on a phone": ("data.html", 360, SIDEWAYS),
    "touch": ("report.html", 1000, TOUCH),
    "keys": ("report.html", 1000, KEYS),
    "one class": ("report.html#class-7", 1000, SHOWN),
    "no class": ("report.html#classes", 1000, SHOWN),
}


def ask(folder, questions: dict) -> dict:
    """What each question, the body of a function of `inside`, returns within its page; all in one browser."""
    frames = [
        FRAME.format(number=number, page=f"{folder.as_uri()}/{page}", width=width)
        for number, (page, width, _) in enumerate(questions.values())
    ]
    asked = ",".join(f"(inside) => {{ {question} }}" for _, _, question in questions.values())
    frame = folder / "frame.html"
    frame.write_text("".join(frames) + ASK.format(questions=asked))
    profile = f"--user-data-dir={folder / 'profile'}"
    shown = subprocess.run(
        [BROWSER, *FLAGS, profile, frame.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    told = json.loads(html.unescape(re.search(r'<pre id="told">(.*?)</pre>', shown.stdout, re.DOTALL)[1]))
    return dict(zip(questions, told, strict=True))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A report and a data page of 20 classes, with names and paths that are long and cannot be broken."""
    folder = tmp_path_factory.mktemp("browser")
    names = [f"{number:02d}-{'very' * 8}-long-name" for number in range(20)]
    catalog = scan(write_pictures(folder / "data", names, each=4), cache=folder / "cache", threads=1)
    answers = answers_for(catalog)
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
        answers=answers,
        metrics=Metrics.from_json(metrics_for(catalog, answers) | extras_for(catalog.labels)),
        run=RUN | {"data": {"root": "a/" * 200}},
        pictures=lambda row: open_picture(catalog.read_one(row)),
        evidence=lambda rows: [np.ones((3, 3)) for _ in rows],
        title="x" * 200,
    )
    write_data_page(folder / "data.html", catalog=catalog, findings=found, title="trees")
    return folder


@pytest.fixture(scope="module")
def told(folder):
    return ask(folder, QUESTIONS)


@pytest.mark.parametrize("page", ["report", "class", "data"])
def test_nothing_sticks_out_sideways_on_a_phone(told, page):
    content, window = told[f"{page} on a phone"]
    assert content <= window


def test_a_class_has_the_page_for_itself(told):
    assert told["one class"] == ["class-7"]


def test_without_a_class_none_is_shown(told):
    assert {"work", "classes", "order", "certainty", "growth", "data"} <= set(told["no class"])
    assert not any(each.startswith("class-") for each in told["no class"])


def test_the_large_confusion_answers_a_touch(told):
    right, wrong, never = told["touch"]
    name = f"03-{'very' * 8}-long-name"
    assert re.fullmatch(rf"{name}: \d of 4 named rightAll about this class", right)
    assert re.fullmatch(rf"{name}: \d of 4 taken for 04-.*", wrong)
    assert never.startswith(f"{name}: 0 of 4 taken for 09-")


def test_the_large_confusion_is_read_with_keys(told):
    said, place = told["keys"]
    assert said.startswith(f"01-{'very' * 8}-long-name: ")
    assert "taken for common ash" in said
    assert place == "#class-1"
