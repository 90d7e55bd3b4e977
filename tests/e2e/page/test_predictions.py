"""Every way to input a picture, and every kind of answer."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.page.conftest import Visit, choose, headline, serve
from tests.e2e.page.scenes import glow, noise

pytestmark = pytest.mark.slow


def drop(page: Page, *paths: Path) -> None:
    """Drop files through the browser's own drag events."""
    devtools = page.context.new_cdp_session(page)
    drag_data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {"type": kind, "x": 600, "y": 400, "data": drag_data})


def test_the_start_page_names_the_labels_and_the_accuracy(page: Page) -> None:
    expect(page.locator("#model-summary")).to_contain_text("I know dark card and red card.")
    expect(page.locator("#accuracy")).to_contain_text("right 91.2\u202f% of the time")
    expect(page.locator("#accuracy")).to_contain_text("95 % interval 88.0\u202f% to 94.0\u202f%")
    expect(page.locator("#accuracy")).to_contain_text("At most 5 % of the accepted answers are wrong.")
    expect(page.locator("#model-pick")).to_be_hidden()


def test_a_chosen_picture_is_predicted(page: Page, shown: dict[str, Path]) -> None:
    choose(page, shown["sure"])
    expect(headline(page)).to_have_text("Red card, 98\u202f%")
    expect(page.locator("#answer .chip")).to_have_text("Accepted")
    expect(page.locator("#answer .chip svg")).to_be_visible()
    expect(page.locator("#answer .note")).to_have_text("Goes to the left bin.")
    expect(page.locator(".bars li")).to_have_text(["red card98\u202f%", "dark card2\u202f%"])
    expect(page.locator(".latency")).to_contain_text("of which the model took")
    expect(page.locator("#picture img")).to_have_attribute("alt", "Your picture: sure.png")


def test_a_review_answer_names_both_candidates(page: Page, shown: dict[str, Path]) -> None:
    choose(page, shown["torn"])
    expect(headline(page)).to_have_text("I can\u2019t tell dark card from red card here: please have a look.")
    expect(page.locator("#answer .chip")).to_have_text("Please check")


def test_an_unknown_picture_is_reported_as_unknown(page: Page, shown: dict[str, Path]) -> None:
    choose(page, shown["strange"])
    expect(headline(page)).to_have_text("This is not one of the things I know. It looks most like red card.")
    expect(page.locator("#answer .chip")).to_have_text("Unknown")


def test_an_example_picture_can_be_tried(visit: Visit, colours: Path, shown: dict[str, Path]) -> None:
    with serve(colours, "--examples", shown["sure"].parent) as address:
        page = visit(address)
        examples = page.get_by_role("group", name="No picture at hand? Try one of these.").get_by_role("button")
        expect(examples).to_have_count(4)
        page.get_by_role("button", name="Try sure").press("Enter")
        expect(headline(page)).to_have_text("Red card, 98\u202f%")
        expect(page.locator("figcaption")).to_have_text("sure")
        page.get_by_role("button", name="Try strange").click()
        expect(headline(page)).to_contain_text("This is not one of the things I know")
        expect(page.locator("#rows tr")).to_have_count(2)
        page.locator("#camera-open").click()
        expect(examples).to_have_count(0)
        page.locator("#camera-close").click()
        expect(examples).to_have_count(4)
    page.get_by_role("button", name="Try dark").click()
    expect(page.locator("#notice")).to_contain_text("The server cannot be reached.")
    expect(page.locator("figcaption")).to_have_text("dark")


def test_a_missing_example_is_reported(visit: Visit, address_with_examples: str) -> None:
    page = visit(address_with_examples, ready=False)
    page.route("**/examples/*", lambda route: route.fulfill(status=404))
    page.reload()
    page.get_by_role("button", name="Try sure").click()
    expect(page.locator("#notice")).to_contain_text("This picture is no longer available.")
    expect(page.locator("#stage")).to_be_hidden()


def test_dropped_pictures_are_predicted(page: Page, shown: dict[str, Path]) -> None:
    drop(page, shown["dark"])
    expect(headline(page)).to_have_text("Dark card, 98\u202f%")
    expect(page.locator("#drop-overlay")).to_be_hidden()


def test_all_pictures_of_a_dropped_folder_are_predicted(page: Page, shown: dict[str, Path]) -> None:
    drop(page, shown["dark"].parent)
    expect(page.locator("#batch-title")).to_have_text("4 pictures: 2 accepted, 1 to check, 1 unknown")


def test_a_pasted_picture_is_predicted(visit: Visit, address: str) -> None:
    page = visit(address, permissions=["clipboard-read", "clipboard-write"])
    page.evaluate(
        """async () => {
        const canvas = new OffscreenCanvas(60, 60), brush = canvas.getContext("2d");
        brush.fillStyle = "rgb(250, 0, 0)"; brush.fillRect(0, 0, 60, 60);
        const blob = await canvas.convertToBlob({ type: "image/png" });
        await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
    }"""
    )
    page.keyboard.press("Control+v")
    expect(headline(page)).to_have_text("Red card, 98\u202f%")
    expect(page.locator("figcaption")).to_have_text("Pasted picture")


def test_each_of_several_pictures_can_be_selected(page: Page, shown: dict[str, Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture at all")
    choose(page, shown["sure"], shown["torn"], shown["strange"], broken)
    expect(page.locator("#batch-title")).to_have_text(
        "4 pictures: 1 accepted, 1 to check, 1 unknown, 1 without an answer"
    )
    expect(page.locator(".tile.accept img")).to_be_visible()
    page.get_by_role("button", name="broken.jpg: No answer").click()
    expect(headline(page)).to_have_text("I can\u2019t read this file as a picture")
    page.get_by_role("button", name="torn.png: Please check, dark card").click()
    expect(headline(page)).to_contain_text("I can\u2019t tell")
    assert page.locator(".tile[aria-current=true]").count() == 1


def test_the_heat_map_is_requested_on_demand_and_describes_the_location(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "glow.png"
    glow("right").save(path)
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    choose(page, path)
    expect(headline(page)).to_contain_text("Red card")
    assert not any("evidence" in url for url in requested)
    page.locator("#heatmap").click()
    expect(page.locator(".heatmap")).to_be_visible()
    expect(page.locator("#heatmap-status")).to_have_text("I see it mostly on the right of the picture.")
    assert "evidence=1" in requested[-1]
    mask = page.locator(".heatmap").evaluate("image => getComputedStyle(image).maskImage")
    assert mask.startswith('url("data:image/png')
    expect(page.locator("#heatmap")).to_be_focused()
    page.locator("#heatmap").click()
    expect(page.locator(".heatmap")).to_have_count(0)


def test_a_picture_that_the_browser_cannot_display_is_predicted(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "scan.tiff"
    glow("left").save(path)
    choose(page, path)
    expect(page.locator(".cannot-show")).to_be_visible()
    expect(headline(page)).to_contain_text("Red card")


def test_a_too_large_picture_can_be_sent_downscaled(visit: Visit, address_with_size_limit: str, tmp_path: Path) -> None:
    page = visit(address_with_size_limit)
    choose(page, noise(tmp_path / "large.png", 300))
    expect(headline(page)).to_have_text("This picture is too large")
    expect(page.locator(".note")).to_contain_text("the server accepts at most 0.2\u202fMB")
    page.locator("#downscale").click()
    expect(page.locator("#answer")).to_contain_text("this is the answer for a smaller copy")


def test_file_names_are_never_interpreted_as_html(page: Page, shown: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "<img src=x onerror=alert(1)>.png"
    path.write_bytes(shown["sure"].read_bytes())
    choose(page, path)
    expect(headline(page)).to_be_visible()
    expect(page.locator("figcaption")).to_have_text(path.name)
    assert page.locator("img[src='x']").count() == 0
