"""The camera: when it is on, its viewfinder, and its live answers."""

import base64
import io
from pathlib import Path

import pytest
from PIL import Image, ImageStat
from playwright.sync_api import Page, expect

from tests.e2e.page.conftest import choose, headline, wait_until_script
from tests.e2e.page.test_page_modules import evaluate_in_module

pytestmark = pytest.mark.slow

_TRACK_CAMERAS = """
window.tracks = [];
window.asking = [];
const { getUserMedia } = MediaDevices.prototype;
MediaDevices.prototype.getUserMedia = async function (wanted) {
    if (window.thinking) await new Promise((allow) => asking.push(allow));
    const stream = await getUserMedia.call(this, wanted);
    tracks.push(...stream.getTracks());
    return stream;
};
null;
"""
_LIVE_TRACKS = "tracks.filter((track) => track.readyState === 'live').length"
_SHOW_HIGHLIGHT = """((glow) => {
    const evidence = { map: given[1], box: [0, 0, 1, 1] };
    glow.show(given[0] ? { decision: given[0], prediction: { evidence } } : null);
    document.getElementById("video").style.visibility = "hidden";
})(window.shining ??= new m.Highlight())"""


@pytest.fixture
def camera(page: Page) -> Page:
    """A page that tracks open cameras."""
    page.evaluate(_TRACK_CAMERAS)
    return page


def open_camera(page: Page) -> None:
    page.get_by_role("button", name="Use the camera").click()
    expect(page.locator("#shutter")).to_be_focused()
    assert page.evaluate(_LIVE_TRACKS) == 1


def test_the_camera_is_on_only_while_the_viewfinder_is_shown(camera: Page, shown: dict[str, Path]) -> None:
    open_camera(camera)
    camera.keyboard.press("Enter")
    expect(headline(camera)).to_contain_text("Red card")
    assert camera.evaluate(_LIVE_TRACKS) == 0
    camera.get_by_role("button", name="Take another").click()
    expect(camera.locator("#shutter")).to_be_focused()
    assert camera.evaluate(_LIVE_TRACKS) == 1
    camera.locator("#rows button").click()
    expect(camera.locator("#video")).to_be_hidden()
    assert camera.evaluate(_LIVE_TRACKS) == 0
    open_camera(camera)
    camera.get_by_role("button", name="Clear history").click()
    expect(camera.locator("#stage")).to_be_hidden()
    assert camera.evaluate(_LIVE_TRACKS) == 0
    open_camera(camera)
    choose(camera, shown["dark"])
    expect(headline(camera)).to_contain_text("Dark card")
    assert camera.evaluate(_LIVE_TRACKS) == 0


def test_two_clicks_open_one_camera(camera: Page) -> None:
    camera.evaluate("window.thinking = true")
    camera.get_by_role("button", name="Use the camera").click()
    camera.get_by_role("button", name="Describe aloud what the camera sees").click()
    camera.evaluate("asking.forEach((allow) => allow())")
    expect(camera.locator("#live")).to_have_attribute("aria-pressed", "true")
    assert camera.evaluate("[asking.length, tracks.length]") == [1, 1]
    camera.get_by_role("button", name="Close the camera").click()
    assert camera.evaluate(_LIVE_TRACKS) == 0


def test_a_camera_permitted_too_late_stays_off(camera: Page, shown: dict[str, Path]) -> None:
    camera.evaluate("window.thinking = true")
    camera.get_by_role("button", name="Describe aloud what the camera sees").click()
    choose(camera, shown["sure"])
    expect(headline(camera)).to_contain_text("Red card")
    camera.evaluate("asking[0]()")
    wait_until_script(camera, f"tracks.length === 1 && {_LIVE_TRACKS} === 0")
    expect(headline(camera)).to_contain_text("Red card")
    expect(camera.locator("#video")).to_be_hidden()
    expect(camera.locator("#live")).to_have_attribute("aria-pressed", "false")


def test_a_double_press_takes_one_picture(camera: Page, shown: dict[str, Path]) -> None:
    open_camera(camera)
    camera.locator("#shutter").evaluate("shutter => { shutter.click(); shutter.click(); }")
    expect(headline(camera)).to_contain_text("Red card")
    choose(camera, shown["dark"])
    expect(headline(camera)).to_contain_text("Dark card")
    expect(camera.locator("#rows tr")).to_have_count(2)


def test_the_facing_of_a_camera_persists(camera: Page) -> None:
    open_camera(camera)
    camera.get_by_label("Facing").select_option("user")
    camera.locator("#shutter").click()
    camera.get_by_role("button", name="Take another").click()
    expect(camera.locator("#shutter")).to_be_focused()
    expect(camera.get_by_label("Facing")).to_have_value("user")
    expect(camera.locator(".viewfinder")).to_have_class("viewfinder mirrored")


def test_live_answers_update_in_place(camera: Page) -> None:
    camera.get_by_role("button", name="Describe aloud what the camera sees").click()
    expect(camera.locator("#answer .location")).to_be_visible()
    camera.evaluate(
        """() => {
        window.animations = 0;
        window.kept = [...document.querySelectorAll("#answer h2, #answer .location, #answer li, #answer .fill")];
        document.getElementById("answer").addEventListener("animationstart", () => animations++);
    }"""
    )
    location = camera.locator("#answer .location").inner_text()
    expect(camera.locator("#answer .location")).not_to_have_text(location)
    assert camera.evaluate("[kept.length, kept.every((each) => each.isConnected), animations]") == [6, True, 0]


def test_only_a_new_picture_replaces_the_card(page: Page, shown: dict[str, Path]) -> None:
    choose(page, shown["sure"])
    expect(headline(page)).to_be_visible()
    page.evaluate("window.kept = document.querySelector('#answer h2')")
    page.locator("#heatmap").click()
    expect(page.locator("#heatmap-status")).not_to_be_empty()
    expect(page.locator("#heatmap")).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("kept.isConnected")
    choose(page, shown["dark"])
    expect(headline(page)).to_contain_text("Dark card")
    assert not page.evaluate("kept.isConnected")


def test_the_highlight_can_be_turned_off_permanently(camera: Page) -> None:
    open_camera(camera)
    camera.locator("#live").click()
    expect(camera.locator("#highlight-layer div:not(.fading)")).to_have_count(1)
    camera.get_by_role("button", name="Show where I see it").click()
    expect(camera.locator("#highlight-layer div:not(.fading)")).to_have_count(0)
    camera.reload()
    expect(camera.locator("#highlight")).to_have_attribute("aria-pressed", "false")


def test_the_highlight_follows_the_mirrored_viewfinder(camera: Page) -> None:
    open_camera(camera)
    left = left_half_map()
    evaluate_in_module(camera, "camera/highlight.js", _SHOW_HIGHLIGHT, "accept", left)
    assert darker_half(camera) == "right"
    camera.get_by_label("Facing").select_option("user")
    assert darker_half(camera) == "left"
    for decision in ("unknown", None):
        evaluate_in_module(camera, "camera/highlight.js", _SHOW_HIGHLIGHT, decision, left)
        assert darker_half(camera) == "neither"


def left_half_map() -> str:
    """Return an evidence map with support on the left."""
    evidence = Image.new("RGBA", (96, 96), (255, 120, 0, 0))
    evidence.paste((255, 120, 0, 200), (0, 0, 48, 96))
    file = io.BytesIO()
    evidence.save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def darker_half(page: Page) -> str:
    """Return the darker half of the viewfinder: "left", "right" or "neither"."""
    screenshot = page.locator(".viewfinder").screenshot(animations="disabled")
    with Image.open(io.BytesIO(screenshot)) as viewfinder:
        grey = viewfinder.convert("L")
    width, height = grey.size
    left, right = (
        ImageStat.Stat(grey.crop((start, height // 4, start + width // 4, 3 * height // 4))).mean[0]
        for start in (width // 8, 5 * width // 8)
    )
    if abs(left - right) < 5:
        return "neither"
    return "left" if left < right else "right"
