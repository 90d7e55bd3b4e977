"""Sessions that outlast models, cameras and memory limits."""

import base64
import io
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageOps, ImageStat
from playwright.sync_api import Page, Route, expect

from tests.e2e.page.conftest import Visit, choose, headline, hold_requests, serve, spoken_texts
from tests.e2e.page.scenes import SURE, paint
from tests.e2e.page.test_network import free_port
from tests.e2e.page.test_page_modules import evaluate_in_module

pytestmark = pytest.mark.slow

_STORED_MODEL = "localStorage.getItem('discern.model')"
_TRACK_OBJECT_URLS = """
window.alive = new Set();
const { createObjectURL, revokeObjectURL } = URL;
URL.createObjectURL = (blob) => { const url = createObjectURL(blob); alive.add(url); return url; };
URL.revokeObjectURL = (url) => { alive.delete(url); revokeObjectURL(url); };
"""
_COUNT_WAKE_LOCKS = """
window.locks = 0;
const { request } = WakeLock.prototype;
WakeLock.prototype.request = function (kind) { locks += 1; return request.call(this, kind); };
null;
"""
_LONG_SESSION = """((visit) => {
    const model = { name: "m", version: "1", fingerprint: "f" };
    const figures = { confidence: 1, unknown_score: 0, probabilities: { a: 1 } };
    const prediction = { decision: "accept", label: "a", ...figures, model };
    const items = Array.from({ length: given[0] }, (_, place) => ({
        id: place, name: `${place}`, blob: new Blob(["x"]), thumbnail: "data:,", at: new Date(), milliseconds: 1,
        prediction, state: place === 5 ? "waiting" : "answered",
    }));
    visit.admit(items);
    for (const item of items) visit.record(item, { names: {} });
    const rows = document.querySelectorAll("#rows tr").length;
    const count = (test) => items.filter(test).length;
    const [blobs, thumbs, csv] = [count((item) => item.blob), count((item) => item.thumbnail), visit.toCsv()];
    visit.clear();
    const after = document.querySelectorAll("#rows tr").length;
    return { rows, blobs, thumbs, csv: csv.split("\\r\\n").length, after, held: count((item) => visit.contains(item)) };
})(new m.History({ choose: () => {}, shown: () => null }))"""


def test_a_selected_model_that_no_longer_exists_is_dropped(visit: Visit, colours: Path, shown: dict[str, Path]) -> None:
    port = free_port()
    with serve(f"First={colours}", f"Second={colours}", port=port) as address:
        page = visit(address)
        page.get_by_label("Model", exact=True).select_option("Second")
        expect(page).to_have_title("Second · Discern")
    with serve(f"First={colours}", port=port):
        choose(page, shown["sure"])
        expect(headline(page)).to_contain_text("Red card")
        expect(page).to_have_title("First · Discern")
        expect(page.locator("#notice")).to_contain_text(
            "The model “Second” is no longer available; “First” answers now."
        )
        assert page.evaluate(_STORED_MODEL) is None
        page.evaluate("localStorage.setItem('discern.model', '\"Second\"')")
        page.reload()
        expect(page).to_have_title("First · Discern")
        assert page.evaluate(_STORED_MODEL) is None


def test_the_model_in_the_address_answers(visit: Visit, address_of_three_models: str) -> None:
    expect(visit(f"{address_of_three_models}/?model=Third")).to_have_title("Third · Discern")
    page = visit(f"{address_of_three_models}/?model=Fourth")
    expect(page).to_have_title("First · Discern")
    expect(page.locator("#notice")).to_contain_text("“Fourth” is no longer available; “First” answers now.")


def test_the_heat_map_comes_from_the_model_that_predicted(
    visit: Visit, address_of_three_models: str, shown: dict[str, Path]
) -> None:
    page = visit(address_of_three_models)
    choose(page, shown["sure"])
    expect(headline(page)).to_be_visible()
    page.get_by_label("Model", exact=True).select_option("Second")
    expect(page).to_have_title("Second · Discern")
    with page.expect_request("**/predict?model=First&evidence=1"):
        page.locator("#heatmap").click()


def test_the_oldest_of_many_pictures_are_released(page: Page, tmp_path: Path) -> None:
    paths = [paint(tmp_path / f"{number:03}.png", SURE, side=16) for number in range(210)]
    paths[2].write_bytes(b"no picture at all")
    choose(page, *paths)
    expect(page.locator("#batch-title")).to_have_text("210 pictures: 209 accepted, 1 without an answer", timeout=60_000)
    expect(page.locator("#picture img")).to_have_attribute("alt", "Your picture: 000.png")
    page.get_by_role("button", name="001.png: Accepted, red card").click()
    expect(page.locator("#picture")).to_contain_text("The full picture is no longer kept.")
    expect(page.locator("#picture img")).to_have_attribute("alt", "A small copy of your picture: 001.png")
    expect(page.locator("#heatmap")).to_have_count(0)
    page.get_by_role("button", name="002.png: No answer").click()
    expect(page.locator("figcaption")).to_have_text("002.png")
    expect(page.locator("#retry")).to_have_count(0)
    page.get_by_role("button", name="209.png: Accepted, red card").click()
    expect(page.locator("#picture img")).to_have_attribute("alt", "Your picture: 209.png")


def test_a_very_long_session_keeps_answers_and_few_pictures(page: Page) -> None:
    found = evaluate_in_module(page, "view/history.js", _LONG_SESSION, 1205)
    # A picture that waits for a retry is kept for as long as it has a row.
    assert found == {"rows": 1000, "blobs": 201, "thumbs": 1000, "csv": 1207, "after": 0, "held": 0}


def test_only_the_displayed_picture_has_an_object_url(page: Page, shown: dict[str, Path]) -> None:
    page.evaluate(_TRACK_OBJECT_URLS)
    routes = hold_requests(page)
    choose(page, *shown.values())
    page.get_by_role("button", name="Cancel the rest").click()
    expect(page.locator(".tile.cancelled")).to_have_count(4)
    assert len(routes) == 2
    page.unroute_all(behavior="ignoreErrors")
    for name in ("sure", "torn", "dark"):
        choose(page, shown[name])
        expect(page.locator("#picture img")).to_have_attribute("alt", f"Your picture: {name}.png")
        expect(page.locator(f"#rows tr:has-text('{name}.png') img")).to_be_visible()
    expect(page.locator("#picture img")).to_have_js_property("naturalWidth", 200)
    assert page.evaluate("alive.size") == 1


def test_pending_answers_do_not_return_after_clearing(page: Page, shown: dict[str, Path]) -> None:
    choose(page, shown["sure"])
    expect(page.locator("#rows tr")).to_have_count(1)
    hold_requests(page)
    choose(page, shown["sure"], shown["torn"], shown["dark"])
    choose(page, shown["strange"])
    page.get_by_role("button", name="Clear history").click()
    page.unroute_all(behavior="ignoreErrors")
    choose(page, shown["dark"])
    expect(headline(page)).to_contain_text("Dark card")
    expect(page.locator("#rows tr")).to_have_count(1)


def test_retry_after_is_honoured_up_to_an_hour(visit: Visit, address: str, shown: dict[str, Path]) -> None:
    page = visit(address)
    page.clock.install()
    routes: list[Route] = []

    def refuse(route: Route) -> None:
        routes.append(route)
        busy = {"error": {"code": "overloaded", "message": "There is more to do than can be done now.", "hint": ""}}
        route.fulfill(status=503, json=busy, headers={"Retry-After": "3000000"})

    page.route("**/predict*", refuse)
    choose(page, shown["sure"])
    expect(page.locator("#answer h2")).to_have_text("The server is busy: trying again in 60 minutes")
    page.clock.run_for(60_000)
    assert len(routes) == 1
    page.unroute("**/predict*")
    page.clock.fast_forward(3_600_000)
    expect(headline(page)).to_contain_text("Red card")


@pytest.mark.parametrize("event", ["ended", "mute"])
def test_a_disconnected_camera_is_announced(visit: Visit, address: str, event: str) -> None:
    page = visit(address)
    page.evaluate(_COUNT_WAKE_LOCKS)
    page.get_by_role("button", name="Describe aloud what the camera sees").click()
    expect(page.locator("#answer .chip")).to_be_visible()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert page.evaluate("locks") == 2
    page.evaluate(
        "(event) => document.getElementById('video').srcObject.getTracks()[0].dispatchEvent(new Event(event))", event
    )
    expect(page.locator("#video")).to_be_hidden()
    assert spoken_texts(page)[-1] == "The camera has stopped. I have stopped looking."
    expect(page.locator("#live")).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#notice")).to_contain_text("unplugged")
    again = page.get_by_role("button", name="Open the camera again")
    expect(again).to_be_focused()
    again.click()
    expect(page.locator("#live")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#notice")).to_be_hidden()


@pytest.mark.parametrize("kind", ["WEBP", "JPEG"])
def test_rotated_pictures_are_shown_upright(page: Page, tmp_path: Path, kind: str) -> None:
    scene = Image.new("RGB", (120, 80), (250, 0, 0))
    scene.paste((0, 0, 0), (0, 0, 60, 40))
    for orientation in (1, 3, 6, 8):
        exif = Image.Exif()
        exif[0x0112] = orientation
        path = tmp_path / f"turned {orientation}.{kind.lower()}"
        scene.save(path, kind, exif=exif)
        choose(page, path)
        expect(page.locator("#picture img")).to_have_js_property("naturalWidth", 80 if orientation > 4 else 120)
        thumbnail = page.locator(f"#rows tr:has-text('{path.name}') img")
        expect(thumbnail).to_be_visible()
        assert_similar(str(thumbnail.get_attribute("src")), ImageOps.fit(upright(path), (160, 160)))


def upright(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return ImageOps.exif_transpose(image).convert("RGB")


def assert_similar(url: str, expected: Image.Image) -> None:
    """Check that a thumbnail matches Pillow's, up to differences between the resampling methods."""
    thumbnail = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))
    assert max(ImageStat.Stat(ImageChops.difference(thumbnail.convert("RGB"), expected)).mean) < 8
