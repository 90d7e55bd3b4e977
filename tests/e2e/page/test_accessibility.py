"""Accessibility of the page: keyboard, screen readers, small screens and dark mode; history and documentation."""

import csv
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.page.conftest import Visit, choose, headline, hold_requests

pytestmark = pytest.mark.slow

DESKTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}


def focused(page: Page) -> str:
    """Return the id of the focused element, or its text."""
    return str(page.evaluate("document.activeElement.id || document.activeElement.textContent"))


def tab_to(page: Page, to: str, *, limit: int = 40) -> None:
    """Tab to an element, and check that the focus is visible on the way."""
    for _ in range(limit):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none" or focused(page) == "video", focused(page)
        if focused(page) == to:
            return
    raise AssertionError(f"{to} is not reachable by Tab")


def test_everything_works_by_keyboard(page: Page, shown: dict[str, Path]) -> None:
    # Registered early: a browser takes a moment to intercept file choosers.
    page.on("filechooser", lambda _: None)
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to main content"
    page.keyboard.press("Enter")
    tab_to(page, "choose")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files([str(shown["sure"]), str(shown["torn"])])
    expect(headline(page)).to_contain_text("Red card")
    tab_to(page, "heatmap")
    page.keyboard.press("Space")
    expect(page.locator(".heatmap")).to_be_visible()
    tab_to(page, "torn.png")
    page.keyboard.press("Enter")
    expect(headline(page)).to_contain_text("I can\u2019t tell")
    page.locator("#speech-open").focus()
    page.keyboard.press("Enter")
    assert focused(page) == "language"
    page.keyboard.press("Escape")
    assert focused(page) == "speech-open"


def test_the_answer_gets_the_focus_of_a_waiting_keyboard_user(page: Page, shown: dict[str, Path]) -> None:
    routes = hold_requests(page)
    choose(page, shown["sure"])
    page.locator("#cancel").focus()
    routes[0].continue_()
    expect(headline(page)).to_be_focused()


@pytest.mark.parametrize(("scheme", "viewport"), [("light", DESKTOP), ("dark", PHONE)], ids=["light", "dark phone"])
def test_axe_finds_no_violations(
    visit: Visit,
    address_with_examples: str,
    shown: dict[str, Path],
    tmp_path: Path,
    scheme: str,
    viewport: dict[str, int],
) -> None:
    page = visit(address_with_examples, color_scheme=scheme, viewport=viewport, reduced_motion="reduce")
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"nothing")
    run_axe(page, "start")
    choose(page, *shown.values(), broken)
    expect(page.locator("#batch-title")).to_contain_text("5 pictures")
    for name in ("sure", "torn", "strange", "broken"):
        page.locator(f".tile[aria-label^='{name}']").click()
        expect(page.locator("figcaption")).to_have_text(broken.name if name == "broken" else f"{name}.png")
        run_axe(page, name)
    page.locator("#about-open").click()
    run_axe(page, "about")
    page.keyboard.press("Escape")
    page.locator("#speech-open").click()
    run_axe(page, "speech")
    page.keyboard.press("Escape")
    page.locator("#camera-open").click()
    page.locator("#live").click()
    expect(page.locator("#answer .chip")).to_be_visible()
    run_axe(page, "camera")


def run_axe(page: Page, view: str) -> None:
    result = Axe().run(page)
    assert result.violations_count == 0, f"{view}: {result.generate_report()}"


def test_a_phone_needs_no_horizontal_scrolling(
    visit: Visit, address_with_examples: str, shown: dict[str, Path]
) -> None:
    page = visit(address_with_examples, viewport=PHONE, has_touch=True, is_mobile=True)
    choose(page, shown["torn"])
    expect(headline(page)).to_be_in_viewport()
    page.locator("#camera-open").tap()
    expect(page.locator("#video")).to_be_in_viewport()
    expect(page.locator("#shutter")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    too_small = page.evaluate(
        """() => [...document.querySelectorAll("button, select")].filter((each) => each.checkVisibility())
        .filter((each) => each.getBoundingClientRect().height < 40).map((each) => each.id)"""
    )
    assert too_small == []


def test_a_width_of_320_pixels_needs_no_horizontal_scrolling(
    visit: Visit, address_with_examples: str, shown: dict[str, Path]
) -> None:
    page = visit(address_with_examples, viewport={"width": 320, "height": 600})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    choose(page, *shown.values())
    expect(page.locator("#batch-title")).to_contain_text("4 pictures")
    for opened in ("about-open", "speech-open"):
        page.locator(f"#{opened}").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        page.keyboard.press("Escape")


def test_the_downloaded_csv_contains_no_formulas(page: Page, shown: dict[str, Path], tmp_path: Path) -> None:
    formula = tmp_path / "=1+cmd|'calc'!A1.png"
    formula.write_bytes(shown["sure"].read_bytes())
    broken = tmp_path / 'a "broken", one.jpg'
    broken.write_bytes(b"nothing")
    choose(page, formula, shown["torn"], broken)
    expect(page.locator("#rows tr")).to_have_count(3)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    saved = tmp_path / "saved.csv"
    download.value.save_as(saved)
    rows = {row["picture"]: row for row in csv.DictReader(saved.read_text("utf-8-sig").splitlines())}
    sure, torn, failed = rows["./" + formula.name], rows["torn.png"], rows[broken.name]
    assert (sure["decision"], sure["label"], sure["name"], sure["route"]) == (
        "accept",
        "red",
        "red card",
        "the left bin",
    )
    assert float(sure["confidence"]) > 0.97
    assert (torn["decision"], torn["second_label"]) == ("review", "red")
    assert (torn["model"], len(torn["fingerprint"]), torn["problem"]) == ("colours", 64, "")
    assert (failed["decision"], failed["label"]) == ("", "")
    assert "picture" in failed["problem"]


def test_the_history_can_be_cleared(page: Page, shown: dict[str, Path]) -> None:
    choose(page, shown["sure"])
    expect(page.locator("#rows tr")).to_have_count(1)
    page.get_by_role("button", name="Clear history").click()
    for hidden in ("#history", "#stage", "#batch"):
        expect(page.locator(hidden)).to_be_hidden()
    expect(page.locator("#title")).to_be_visible()


def test_the_dialog_describes_the_model(page: Page) -> None:
    page.get_by_role("button", name="About this model").click()
    about = page.locator("#about")
    expect(about).to_contain_text("It is right 91.2\u202f% of the time on pictures unlike any it learned from")
    expect(about.locator(".labels li")).to_have_text(["dark carddark", "red cardred"])
    about.get_by_text("Model card").click()
    expect(about.get_by_role("heading", name="Card")).to_be_visible()
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.locator("#about-dialog")).to_be_hidden()


def test_the_api_documentation_works_offline_under_the_content_security_policy(page: Page, address: str) -> None:
    page.goto(address + "/docs")
    page.locator("#operations-pictures-describe_model_get, .opblock").first.wait_for()
    expect(page.get_by_text("/predict").first).to_be_visible()
    page.locator(".opblock", has_text="/healthz").first.locator("button").first.click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table td.response-col_status").last).to_contain_text("200")


def test_the_model_can_be_selected(visit: Visit, address_of_three_models: str, shown: dict[str, Path]) -> None:
    page = visit(address_of_three_models)
    page.get_by_label("Model", exact=True).select_option("Second")
    expect(page).to_have_title("Second · Discern")
    choose(page, shown["sure"])
    expect(headline(page)).to_be_visible()
    with page.expect_request("**/predict?model=Second&evidence=1"):
        page.locator("#heatmap").click()
