"""Double clicks, early clicks, clicks outside a dialog, and screen-reader announcements."""

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.page.conftest import Visit, choose, headline, hold_requests
from tests.e2e.page.scenes import noise
from tests.e2e.page.test_long_sessions import _TRACK_OBJECT_URLS

pytestmark = pytest.mark.slow


def test_the_heat_map_persists_when_the_picture_is_selected_again(page: Page, shown: dict[str, Path]) -> None:
    choose(page, shown["sure"], shown["dark"])
    expect(page.locator("#batch-title")).to_contain_text("2 accepted")
    page.locator("#heatmap").click()
    expect(page.locator(".heatmap")).to_be_visible()
    page.locator(".tile[aria-label^='dark']").click()
    expect(page.locator("figcaption")).to_have_text("dark.png")
    page.locator(".tile[aria-label^='sure']").click()
    expect(page.locator(".frame.dim .heatmap")).to_be_visible()
    picture, heat = (page.locator(f"#picture {which}") for which in ("img:first-child", ".heatmap"))
    assert heat.get_attribute("src") == picture.get_attribute("src")
    expect(heat).to_have_js_property("naturalWidth", 200)


def test_a_slow_heat_map_is_announced_and_requested_once(page: Page, shown: dict[str, Path]) -> None:
    choose(page, shown["sure"])
    expect(headline(page)).to_be_visible()
    routes = hold_requests(page)
    page.locator("#heatmap").click()
    expect(page.locator("#heatmap-status")).to_have_text("One moment: finding out where I see it.")
    expect(page.locator("#announcements")).to_have_text("One moment: finding out where I see it.")
    expect(page.locator("#heatmap")).to_have_attribute("aria-disabled", "true")
    expect(page.locator("#heatmap")).to_be_focused()
    page.locator("#heatmap").click(force=True)
    page.keyboard.press("Enter")
    routes[0].continue_()
    expect(page.locator(".heatmap")).to_be_visible()
    expect(page.locator("#heatmap")).not_to_have_attribute("aria-disabled", "true")
    expect(page.locator("#heatmap")).to_be_focused()
    assert len(routes) == 1


def test_a_picture_is_downscaled_once(visit: Visit, address_with_size_limit: str, tmp_path: Path) -> None:
    page = visit(address_with_size_limit)
    choose(page, noise(tmp_path / "large.png", 300))
    expect(headline(page)).to_have_text("This picture is too large")
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.evaluate("const button = document.getElementById('downscale'); button.click(); button.click()")
    expect(page.locator("#answer")).to_contain_text("this is the answer for a smaller copy")
    expect(page.locator("#rows tr")).to_have_count(1)
    page.locator("#heatmap").click()
    expect(page.locator(".heatmap")).to_be_visible()
    assert len([url for url in requested if "predict" in url and "evidence" not in url]) == 1


def test_selecting_a_picture_announces_its_answer(page: Page, shown: dict[str, Path]) -> None:
    choose(page, shown["sure"], shown["torn"])
    expect(page.locator("#announcements")).to_contain_text("2 pictures:")
    tile = page.locator(".tile[aria-label^='torn']")
    tile.press("Enter")
    text = "torn.png: I can\u2019t tell dark card from red card here: please have a look."
    expect(page.locator("#announcements")).to_have_text(text)
    expect(tile).to_be_focused()
    page.locator("#rows button", has_text="sure.png").press("Enter")
    expect(page.locator("#announcements")).to_have_text("sure.png: Red card, 98\u202f%")


def test_a_dialog_closes_on_a_click_outside_but_not_in_its_padding(page: Page) -> None:
    page.locator("#about-open").click()
    dialog = page.locator("#about-dialog")
    box = dialog.bounding_box()
    assert box
    inside, outside = (box["x"] + 8, box["y"] + box["height"] / 2), (box["x"] - 40, box["y"] + 40)
    page.mouse.click(*inside)
    expect(dialog).to_be_visible()
    page.mouse.move(*inside)
    page.mouse.down()
    page.mouse.move(*outside)
    page.mouse.up()
    expect(dialog).to_be_visible()
    page.mouse.click(*outside)
    expect(dialog).to_be_hidden()


def test_clearing_the_history_removes_everything_from_the_page(page: Page, shown: dict[str, Path]) -> None:
    page.evaluate(_TRACK_OBJECT_URLS)
    choose(page, shown["torn"], shown["sure"])
    expect(page.locator("#batch-title")).to_contain_text("2 pictures")
    expect(page.locator("#picture img")).to_have_js_property("naturalWidth", 200)
    page.get_by_role("button", name="Clear history").click()
    expect(page.locator("#stage")).to_be_hidden()
    remaining = page.evaluate(
        "(ids) => ids.map((id) => document.getElementById(id).textContent)",
        ["picture", "answer", "tiles", "rows", "announcements", "batch-summary"],
    )
    assert "".join(remaining) == ""
    assert page.locator("#main img").count() == 0
    assert page.evaluate("alive.size") == 0
    choose(page, shown["torn"])
    expect(page.locator("#picture img")).to_have_js_property("naturalWidth", 200)


def test_the_table_shows_no_answer_for_an_unknown_picture(page: Page, shown: dict[str, Path], tmp_path: Path) -> None:
    choose(page, shown["strange"])
    cells = page.locator("#rows td")
    expect(cells.nth(0)).to_have_text("None of these")
    expect(cells.nth(1)).to_have_text("Unknown")
    expect(cells.nth(2)).to_have_text("")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    download.value.save_as(tmp_path / "saved.csv")
    (row,) = csv.DictReader((tmp_path / "saved.csv").read_text("utf-8-sig").splitlines())
    assert (row["decision"], row["label"], row["looks_like"], row["set"], row["order_value"]) == (
        "unknown",
        "red",
        "red",
        "",
        "",
    )
