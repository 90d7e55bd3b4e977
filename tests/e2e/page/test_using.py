"""The page for everybody: keyboard, screen readers, phones, darkness, and the list of the visit."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.page.conftest import Visit, choose, headline, hold, serve

DESK = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}


def focused(page: Page) -> str:
    """The id, or else the words, of what has the focus."""
    return str(page.evaluate("document.activeElement.id || document.activeElement.textContent"))


def walk(page: Page, to: str, *, most: int = 40) -> None:
    """Go to an element by the Tab key alone; wherever one comes, the focus is seen."""
    for _ in range(most):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none" or focused(page) == "video", focused(page)
        if focused(page) == to:
            return
    raise AssertionError(f"{to} is not reached")


def test_all_can_be_done_by_the_keyboard(page: Page, shown: dict[str, Path]) -> None:
    # Long before it is needed: a browser takes a moment to hand its choosers over.
    page.on("filechooser", lambda _: None)
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to main content"
    page.keyboard.press("Enter")
    walk(page, "choose")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files([str(shown["sure"]), str(shown["torn"])])
    expect(headline(page)).to_contain_text("Red card")
    walk(page, "heatmap")
    page.keyboard.press("Space")
    expect(page.locator(".heatmap")).to_be_visible()
    walk(page, "torn.png")
    page.keyboard.press("Enter")
    expect(headline(page)).to_contain_text("I can\u2019t tell")
    page.locator("#speech-open").focus()
    page.keyboard.press("Enter")
    assert focused(page) == "language"
    page.keyboard.press("Escape")
    assert focused(page) == "speech-open"


def test_who_waits_for_an_answer_by_the_keyboard_is_led_to_it(page: Page, shown: dict[str, Path]) -> None:
    held = hold(page)
    choose(page, shown["sure"])
    page.locator("#cancel").focus()
    held[0].continue_()
    expect(headline(page)).to_be_focused()


@pytest.fixture(scope="module")
def furnished(colours: Path, shown: dict[str, Path]) -> Iterator[str]:
    """The address of a page that has examples."""
    with serve(colours, "--examples", shown["sure"].parent) as where:
        yield where


@pytest.mark.parametrize(("scheme", "viewport"), [("light", DESK), ("dark", PHONE)], ids=["light", "dark phone"])
def test_axe_finds_nothing(
    visit: Visit, furnished: str, shown: dict[str, Path], tmp_path: Path, scheme: str, viewport: dict[str, int]
) -> None:
    page = visit(furnished, color_scheme=scheme, viewport=viewport, reduced_motion="reduce")
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"nothing")
    check(page, "the first sight")
    choose(page, *shown.values(), broken)
    expect(page.locator("#batch-title")).to_contain_text("5 pictures")
    for name in ("sure", "torn", "strange", "broken"):
        page.locator(f".tile[aria-label^='{name}']").click()
        expect(page.locator("figcaption")).to_have_text(broken.name if name == "broken" else f"{name}.png")
        check(page, name)
    page.locator("#about-open").click()
    check(page, "what it is")
    page.keyboard.press("Escape")
    page.locator("#speech-open").click()
    check(page, "the voice")
    page.keyboard.press("Escape")
    page.locator("#camera-open").click()
    page.locator("#live").click()
    expect(page.locator("#answer .chip")).to_be_visible()
    check(page, "the camera")


def check(page: Page, where: str) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, f"{where}: {found.generate_report()}"


def test_a_phone_shows_all_without_scrolling_sideways(visit: Visit, furnished: str, shown: dict[str, Path]) -> None:
    page = visit(furnished, viewport=PHONE, has_touch=True, is_mobile=True)
    choose(page, shown["torn"])
    expect(headline(page)).to_be_in_viewport()
    page.locator("#camera-open").tap()
    expect(page.locator("#video")).to_be_in_viewport()
    expect(page.locator("#shutter")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, select")].filter((each) => each.checkVisibility())
        .filter((each) => each.getBoundingClientRect().height < 40).map((each) => each.id)"""
    )
    assert small == []


def test_a_page_of_320_pixels_needs_no_scrolling_sideways(visit: Visit, furnished: str, shown: dict[str, Path]) -> None:
    page = visit(furnished, viewport={"width": 320, "height": 600})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    choose(page, *shown.values())
    expect(page.locator("#batch-title")).to_contain_text("4 pictures")
    for opened in ("about-open", "speech-open"):
        page.locator(f"#{opened}").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        page.keyboard.press("Escape")


def test_the_table_is_downloaded_and_no_spreadsheet_runs_it(page: Page, shown: dict[str, Path], tmp_path: Path) -> None:
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


def test_the_visit_can_be_forgotten(page: Page, shown: dict[str, Path]) -> None:
    choose(page, shown["sure"])
    expect(page.locator("#rows tr")).to_have_count(1)
    page.get_by_role("button", name="Clear history").click()
    for hidden in ("#history", "#stage", "#batch"):
        expect(page.locator(hidden)).to_be_hidden()
    expect(page.locator("#title")).to_be_visible()


def test_what_the_model_is_can_be_read(page: Page) -> None:
    page.get_by_role("button", name="About this model").click()
    about = page.locator("#about")
    expect(about).to_contain_text("It is right 91.2\u202f% of the time on pictures unlike any it learned from")
    expect(about.locator(".labels li")).to_have_text(["dark carddark", "red cardred"])
    about.get_by_text("Model card").click()
    expect(about.get_by_role("heading", name="Card")).to_be_visible()
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.locator("#about-dialog")).to_be_hidden()


def test_the_documentation_works_offline_and_under_the_policy(page: Page, address: str) -> None:
    page.goto(address + "/docs")
    page.locator("#operations-pictures-describe_model_get, .opblock").first.wait_for()
    expect(page.get_by_text("/predict").first).to_be_visible()
    page.locator(".opblock", has_text="/healthz").first.locator("button").first.click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table td.response-col_status").last).to_contain_text("200")


def test_several_models_can_be_chosen_between(visit: Visit, colours: Path, shown: dict[str, Path]) -> None:
    with serve(f"First={colours}", f"Second={colours}") as address:
        page = visit(address)
        page.get_by_label("Model", exact=True).select_option("Second")
        expect(page).to_have_title("Second · Discern")
        choose(page, shown["sure"])
        expect(headline(page)).to_be_visible()
        with page.expect_request("**/predict?model=Second&evidence=1"):
            page.locator("#heatmap").click()
