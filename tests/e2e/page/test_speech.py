"""Speech output of the page."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.page.conftest import Visit, choose, headline, hold_requests, spoken_texts
from tests.e2e.page.test_camera import wait_until_script

pytestmark = pytest.mark.slow

_RECORD_ANNOUNCEMENTS = """
window.written = [];
const words = document.getElementById("announcements");
new MutationObserver(() => written.push(words.textContent)).observe(words, { childList: true });
"""


def test_speech_is_off_by_default(page: Page, shown: dict[str, Path]) -> None:
    choose(page, shown["sure"])
    expect(headline(page)).to_be_visible()
    assert spoken_texts(page) == []
    expect(page.locator("#announcements")).to_have_text("Accepted: Red card, 98\u202f%")
    page.get_by_role("button", name="Read aloud").click()
    assert spoken_texts(page) == ["a red card, 98 percent sure"]


def test_answers_are_spoken_with_the_bundle_s_spoken_names(page: Page, shown: dict[str, Path]) -> None:
    page.get_by_role("button", name="Spoken answers").click()
    for name in ("sure", "torn", "strange"):
        choose(page, shown[name])
        expect(page.locator("figcaption")).to_have_text(f"{name}.png")
        expect(headline(page)).to_be_visible()
    assert spoken_texts(page) == [
        "Spoken answers are on.",
        "a red card, 98 percent sure",
        "perhaps a dark card, 50 percent; please check",
        "none of the things I know; most like a red card",
    ]


def test_only_the_summary_of_several_pictures_is_spoken(page: Page, shown: dict[str, Path]) -> None:
    page.get_by_role("button", name="Spoken answers").click()
    choose(page, *shown.values())
    expect(page.locator("#batch-title")).to_contain_text("4 pictures")
    assert spoken_texts(page)[1:] == ["4 pictures: 2 accepted, 1 to check, 1 unknown"]


def test_the_summary_is_spoken_in_the_chosen_language_and_written_in_english(
    page: Page, shown: dict[str, Path]
) -> None:
    page.get_by_role("button", name="Spoken answers").click()
    page.get_by_role("button", name="Voice", exact=True).click()
    page.get_by_label("Language").select_option("it")
    page.get_by_role("button", name="Done").click()
    choose(page, *shown.values())
    written = page.locator("#announcements")
    expect(written).to_have_text("4 pictures: 2 accepted, 1 to check, 1 unknown")
    expect(written).to_have_attribute("lang", "en")
    announced = page.evaluate("spoken.at(-1)")
    assert (announced["text"], announced["lang"]) == ("4 immagini: 2 accettate, 1 da controllare, 1 sconosciuta", "it")


def test_language_and_speed_persist(page: Page, shown: dict[str, Path]) -> None:
    page.get_by_role("button", name="Spoken answers").click()
    page.get_by_role("button", name="Voice", exact=True).click()
    page.get_by_label("Language").select_option("de")
    page.locator("#rate").fill("1.5")
    expect(page.locator("#rate-value")).to_have_text("1.5\u00d7")
    page.get_by_role("button", name="Done").click()
    page.reload()
    choose(page, shown["sure"])
    expect(headline(page)).to_be_visible()
    assert page.evaluate("spoken") == [{"text": "a red card, zu 98 Prozent sicher", "lang": "de", "rate": 1.5}]


def test_hands_free_mode_announces_changes_with_their_side(visit: Visit, address: str) -> None:
    page = visit(address)
    page.get_by_role("button", name="Describe aloud what the camera sees").click()
    expect(page.locator("#facing-note")).to_contain_text("this is assumed")
    expect(page.locator("#live")).to_be_focused()
    phrases = ["a red card, to your left", "a red card, in front of you", "a red card, to your right"]
    expect(page.locator("#rows tr")).to_have_count(4, timeout=30_000)
    announced = spoken_texts(page)
    assert announced[0] == "I am looking."
    start = phrases.index(announced[1])
    assert announced[1:5] == [phrases[(start + number) % 3] for number in range(4)]
    page.locator("#live").click()
    assert spoken_texts(page)[-1] == "I have stopped looking."
    request_times = page.evaluate(
        "performance.getEntriesByType('resource').filter((e) => e.name.includes('predict')).map((e) => e.startTime)"
    )
    assert len(request_times) <= 2.2 * (max(request_times) - min(request_times)) / 1000 + 1


def test_camera_answers_are_announced_by_the_selected_voice_only(visit: Visit, address: str) -> None:
    page = visit(address)
    page.evaluate(_RECORD_ANNOUNCEMENTS)
    page.get_by_role("button", name="Describe aloud what the camera sees").click()
    expect(page.locator("#rows tr")).to_have_count(1)
    assert len(spoken_texts(page)) >= 2
    assert set(page.evaluate("written")) <= {""}
    page.get_by_label("Announced by").select_option("my screen reader")
    announced = spoken_texts(page)
    rows_before = page.locator("#rows tr").count()
    expect(page.locator("#rows tr")).to_have_count(rows_before + 2)
    assert spoken_texts(page) == announced
    expect(page.locator("#speak")).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#announcements")).to_contain_text("a red card")
    page.reload()
    page.get_by_role("button", name="Describe aloud what the camera sees").click()
    expect(page.locator("#announcements")).to_contain_text("a red card")
    assert spoken_texts(page) == []
    page.get_by_role("button", name="Spoken answers").click()
    expect(page.get_by_label("Announced by")).to_have_value("page")


def test_hands_free_mode_announces_an_unreachable_server_once(visit: Visit, address: str) -> None:
    page = visit(address)
    page.route("**/predict*", lambda route: route.abort())
    page.get_by_role("button", name="Describe aloud what the camera sees").click()
    with page.expect_request("**/predict*"), page.expect_request("**/predict*"):
        pass
    wait_until_script(page, "spoken.length === 2")
    assert spoken_texts(page) == ["I am looking.", "The server cannot be reached. I\u2019ll keep trying."]
    page.unroute("**/predict*")
    expect(page.locator("#answer .chip")).to_have_text("Accepted")


def test_a_user_facing_camera_mirrors_the_sides(page: Page) -> None:
    page.get_by_role("button", name="Use the camera").click()
    page.get_by_label("Facing").select_option("user")
    expect(page.locator("#facing-note")).to_contain_text("left on the screen is your left")
    expect(page.locator(".viewfinder")).to_have_class("viewfinder mirrored")
    sides = page.evaluate(
        """async () => {
        const { userSide } = await import("/page/voice/phrases.js");
        const places = ["left", "centre", "right", null];
        return places.map((place) => [userSide(place, "user"), userSide(place, "environment")]);
    }"""
    )
    assert sides == [["right", "left"], ["centre", "centre"], ["left", "right"], [None, None]]


def test_the_shutter_captures_the_viewfinder(page: Page) -> None:
    page.get_by_role("button", name="Use the camera").click()
    expect(page.locator("#shutter")).to_be_focused()
    page.keyboard.press("Enter")
    expect(headline(page)).to_contain_text("Red card")
    size = page.locator("#picture img").evaluate("image => [image.naturalWidth, image.naturalHeight]")
    assert size == [480, 480]
    page.get_by_role("button", name="Take another").click()
    expect(page.locator("#video")).to_be_visible()
    page.get_by_role("button", name="Close the camera").click()
    expect(page.locator("#video")).to_be_hidden()
    assert page.evaluate("document.getElementById('video').srcObject") is None


def test_without_a_camera_the_page_offers_choosing_a_picture(visit: Visit, address: str) -> None:
    page = visit("about:blank", ready=False)
    page.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotFoundError'))"
    )
    model_requests = hold_requests(page, "**/model*")
    with page.expect_request("**/model*"):
        page.goto(address)
    page.get_by_role("button", name="Use the camera").click()
    expect(page.locator("#notice")).to_contain_text("No camera was found.")
    # Connecting settles notices about the connection, not this one.
    model_requests[0].continue_()
    page.locator("#about-open").wait_for()
    with page.expect_file_chooser():
        page.locator("#notice").get_by_role("button", name="Choose a picture").click()


def test_an_open_camera_leaves_the_notice_of_a_lost_connection(visit: Visit, address: str) -> None:
    page = visit("about:blank", ready=False)
    page.route("**/model*", lambda route: route.abort())
    page.goto(address)
    expect(page.locator("#notice")).to_contain_text("The server cannot be reached.")
    page.get_by_role("button", name="Use the camera").click()
    expect(page.locator("#video")).to_be_visible()
    expect(page.locator("#notice")).to_contain_text("The server cannot be reached.")
    page.unroute("**/model*")
    page.get_by_role("button", name="Try now").click()
    expect(page.locator("#notice")).to_be_hidden()
