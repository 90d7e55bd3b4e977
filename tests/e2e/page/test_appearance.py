"""Layout that usability depends on: small screens, forced colours, scripts of any language."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from discern.bundle import Thresholds
from tests.e2e.page.conftest import Visit, choose, headline, serve, wait_until_script
from tests.e2e.page.test_accessibility import PHONE
from tests.unit.bundle.factories import write_small

pytestmark = pytest.mark.slow

SMALL_VIEWPORT = {"width": 320, "height": 256}


def style(locator: Locator, name: str, pseudo_element: str = "") -> str:
    """Return the computed value of a CSS property."""
    script = "(each, [name, part]) => getComputedStyle(each, part || null)[name]"
    return str(locator.evaluate(script, [name, pseudo_element]))


def count_lines(locator: Locator) -> int:
    """Return the number of lines of an element's text."""
    return int(
        locator.evaluate(
            """(each) => { const range = document.createRange(); range.selectNodeContents(each);
            return new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size; }"""
        )
    )


@pytest.mark.parametrize("width", [390, 320, 800])
def test_words_in_the_table_are_not_broken(page: Page, shown: dict[str, Path], tmp_path: Path, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    long = tmp_path / "a-very-long-name-of-a-picture-that-nobody-would-ever-type-by-hand-2019-05-17-175206.png"
    long.write_bytes(shown["sure"].read_bytes())
    choose(page, long, shown["torn"])
    expect(page.locator("#rows tr")).to_have_count(2)
    assert [count_lines(cell) for cell in page.locator("#rows td:nth-of-type(1)").all()] == [1, 1]
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_rows_shown_as_cards_remain_a_table_for_screen_readers(
    visit: Visit, address: str, shown: dict[str, Path]
) -> None:
    page = visit(address, viewport=PHONE)
    choose(page, shown["sure"])
    expect(page.locator("#rows tr")).to_have_count(1)
    assert style(page.locator("#rows tr"), "display") == "grid"
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    found = {(node["role"]["value"], node.get("name", {}).get("value", "")) for node in tree}
    assert {
        ("cell", "Red card"),
        ("cell", "Accepted"),
        ("rowheader", "sure.png"),
        ("columnheader", "Decision"),
    } <= found


def test_the_summary_is_on_the_first_screen_of_a_phone(visit: Visit, address: str, shown: dict[str, Path]) -> None:
    page = visit(address, viewport=PHONE, has_touch=True, is_mobile=True)
    expect(page.locator(".invite")).to_have_text("Choose pictures, or take one.", use_inner_text=True)
    choose(page, shown["sure"])
    expect(headline(page)).to_be_visible()
    expect(page.locator("#batch-summary")).to_be_hidden()
    choose(page, *shown.values())
    expect(page.locator("#batch-summary")).to_have_text("4 pictures: 2 accepted, 1 to check, 1 unknown")
    expect(page.locator("#batch-summary")).to_be_in_viewport()
    page.locator("#batch-summary a").tap()
    expect(page.locator("#batch-title")).to_be_in_viewport()
    page.locator("#camera-open").tap()
    expect(page.locator("#batch-summary")).to_be_hidden()


def test_forced_colours_show_states_and_probabilities(visit: Visit, address: str, shown: dict[str, Path]) -> None:
    page = visit(address, forced_colors="active", reduced_motion="reduce")
    knob, ground = page.locator("#speak .knob"), style(page.locator("body"), "backgroundColor")
    off = style(knob, "backgroundColor")
    assert style(knob, "backgroundColor", "::after") != off
    page.locator("#speak").click()
    assert style(knob, "backgroundColor") != off
    assert style(knob, "backgroundColor", "::after") != style(knob, "backgroundColor")
    for name in ("sure", "torn", "strange"):
        choose(page, shown[name])
        expect(page.locator("figcaption")).to_have_text(f"{name}.png")
        expect(headline(page)).to_be_visible()
        fills = [style(fill, "backgroundColor") for fill in page.locator(".bars .fill").all()]
        assert ground not in fills
        assert len(set(fills)) == 1
    heatmap = page.locator("#heatmap")
    before = style(heatmap, "backgroundColor")
    heatmap.click()
    expect(heatmap).to_have_attribute("aria-pressed", "true")
    assert style(heatmap, "backgroundColor") != before
    assert style(heatmap, "backgroundColor") != style(heatmap, "color")


def test_at_400_percent_zoom_the_camera_controls_do_not_cover_the_picture(visit: Visit, address: str) -> None:
    page = visit(address, viewport=SMALL_VIEWPORT)
    page.locator("#camera-open").click()
    expect(page.locator("#answer h2")).to_be_visible()
    page.locator("#video").scroll_into_view_if_needed()
    assert style(page.locator("#camera .controls").first, "position") == "static"
    page.set_viewport_size(PHONE)
    assert style(page.locator("#camera .controls").first, "position") == "sticky"


def test_transparent_pictures_are_shown_on_white_as_predicted(visit: Visit, address: str, tmp_path: Path) -> None:
    page = visit(address, color_scheme="dark", reduced_motion="reduce")
    Image.new("RGBA", (90, 90), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    choose(page, tmp_path / "clear.png")
    expect(headline(page)).to_contain_text("not one of the things")
    expect(page.locator("#picture img")).to_have_js_property("naturalWidth", 90)
    assert style(page.locator("#picture img"), "backgroundColor") == "rgb(255, 255, 255)"


@pytest.fixture(scope="module")
def ordinal_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with two ordered labels and prediction sets."""
    return write_small(
        tmp_path_factory.mktemp("scaled") / "model.discern",
        labels=("القط 1", "constructor"),
        ordered=True,
        thresholds=Thresholds(unknown=0.6, accept=0.9, label_set=0.3),
        metrics={"conformal": {"asked": 0.9}},
    )


def letter_positions(page: Page, letters: str) -> Any:
    """Return the left position of each of the letters in the headline."""
    return page.evaluate(
        """(words) => { const node = document.querySelector("#answer h2").firstChild, range = document.createRange();
        return [...words].map((each) => { const at = node.data.indexOf(each);
            range.setStart(node, at); range.setEnd(node, at + 1); return range.getBoundingClientRect().left; }); }""",
        letters,
    )


def test_label_names_may_be_of_any_script_or_javascript_property(
    visit: Visit, ordinal_bundle: Path, shown: dict[str, Path]
) -> None:
    with serve(ordinal_bundle) as address:
        page = visit(address, viewport={"width": 2400, "height": 900})
        assert page.locator("#about .labels code").count() == 0
        choose(page, shown["dark"])
        expect(headline(page)).to_contain_text("98")
        name, comma, figure = letter_positions(page, "ط,8")
        assert name < comma < figure
        choose(page, shown["sure"])
        expect(headline(page)).to_have_text("Constructor, 98\u202f%")
        expect(page.locator(".bars .first .name")).to_have_text("constructor")
        expect(page.locator(".more")).to_have_count(0)  # a set of one label adds nothing to the answer
        page.locator("#speak").click()
        page.locator("#read-aloud").click()
        wait_until_script(page, "spoken.length > 1")
        assert page.evaluate("spoken.at(-1).text") == "constructor, 98 percent sure"
        choose(page, shown["torn"])
        expect(page.locator(".more").first).to_contain_text("It is one of these (right for 90\u202f% of pictures):")
