"""Corrections of answers on the page: the button "Wrong?", its dialog, and what is sent."""

import contextlib
import json
import signal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from discern.watching.stores.open_exchanges import open_store
from tests.e2e.captured_load import TIMEOUT, server_group
from tests.e2e.page.conftest import Visit, choose, headline
from tests.e2e.page.test_accessibility import PHONE, focused, run_axe, tab_to
from tests.e2e.page.test_page_modules import evaluate_in_module

pytestmark = pytest.mark.slow

ANSWER: dict[str, Any] = {
    "id": "0123456789abcdef" * 2,
    "label": "dark",
    "decision": "review",
    "confidence": 0.6,
    "probabilities": {"red": 0.4, "dark": 0.6},
    "set": None,
    "unknown_score": 0.2,
    "looks_like": None,
    "message": "Perhaps a dark card.",
    "model": {"name": "colours", "version": "1", "fingerprint": "00" * 32},
}


@pytest.fixture
def sent() -> list[dict[str, Any]]:
    """What the page sends to /feedback."""
    return []


@pytest.fixture
def open_capturing(visit: Visit, address: str, sent: list[dict[str, Any]]) -> Any:
    """Function that opens the page of a server that seems to capture, and answers its corrections with a status."""

    def open_page(*, status: int = 200, labels: tuple[str, ...] = (), **options: Any) -> Page:
        def describe(route: Route) -> None:
            route.fulfill(json=route.fetch().json() | {"capture": True})

        def predict(route: Route) -> None:
            route.fulfill(json=ANSWER | {"probabilities": ANSWER["probabilities"] | dict.fromkeys(labels, 0.0)})

        def take(route: Route) -> None:
            sent.append(json.loads(route.request.post_data or ""))
            error = {"error": {"code": "overloaded", "message": "The database is down.", "hint": ""}}
            route.fulfill(status=status, json=sent[-1] | {"kept": True} if status == 200 else error)

        page = visit(address, ready=False, **options)
        page.route("**/model*", describe)
        page.route("**/predict*", predict)
        page.route("**/feedback", take)
        page.reload()
        page.locator("#about-open").wait_for()
        return page

    return open_page


def test_without_capture_there_is_no_button(page: Page, shown: dict[str, Path]) -> None:
    expect(page.locator("#accuracy")).not_to_contain_text("keeps")
    choose(page, shown["sure"])
    expect(headline(page)).to_be_visible()
    expect(page.locator("#correct")).to_have_count(0)


def test_the_right_class_is_chosen_from_the_list(
    open_capturing: Any, shown: dict[str, Path], sent: list[dict[str, Any]]
) -> None:
    page = open_capturing()
    expect(page.locator("#accuracy")).to_contain_text("This server keeps what you show it and what it answers.")
    choose(page, shown["torn"])
    page.get_by_role("button", name="Wrong?").click()
    dialog = page.get_by_role("dialog", name="What is it?")
    expect(dialog.get_by_role("list", name="Classes").get_by_role("button")).to_have_text(["dark card", "red card"])
    dialog.get_by_role("button", name="red card").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("#correction-note")).to_have_text("Thank you. Noted: it is red card.")
    expect(page.locator("#announcements")).to_have_text("Thank you. Noted: it is red card.")
    expect(page.locator("#correct")).to_be_focused()
    [correction] = sent
    assert correction == {"id": ANSWER["id"], "label": "red", "source": "page"}


def test_something_else_is_named_by_keyboard(
    open_capturing: Any, shown: dict[str, Path], sent: list[dict[str, Any]]
) -> None:
    page = open_capturing()
    choose(page, shown["strange"])
    tab_to(page, "correct")
    page.keyboard.press("Enter")
    assert focused(page) == "correction-text"
    tab_to(page, "correction-other")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Type what it is first.")).to_be_visible()
    assert focused(page) == "correction-text"
    page.keyboard.type("paper bag")
    expect(page.locator("#correction-status")).to_have_text("None of the classes has this name.")
    expect(page.locator("#correction-other")).to_have_text("Something else: paper bag")
    page.keyboard.press("Enter")
    expect(page.locator("#correction-note")).to_contain_text("it is paper bag")
    assert (sent[0]["label"], sent[0]["new"]) == ("paper bag", True)


def test_a_search_finds_one_of_many_classes(
    open_capturing: Any, shown: dict[str, Path], sent: list[dict[str, Any]]
) -> None:
    page = open_capturing(labels=tuple(f"kind_{number}" for number in range(100)))
    choose(page, shown["sure"])
    page.locator("#correct").click()
    expect(page.locator("#correction-list button")).to_have_count(30)
    expect(page.locator("#correction-status")).to_have_text("72 more: type to find them.")
    page.keyboard.type("KIND 9")
    expect(page.locator("#correction-list button")).to_have_count(11)
    page.keyboard.press("Enter")
    expect(page.locator("#correction-note")).to_contain_text("it is kind 9.")
    assert (sent[0]["label"], "new" in sent[0]) == ("kind_9", False)


def test_a_correction_that_is_not_kept_is_reported(open_capturing: Any, shown: dict[str, Path]) -> None:
    page = open_capturing(status=503)
    choose(page, shown["sure"])
    page.locator("#correct").click()
    page.get_by_role("button", name="dark card").click()
    expect(page.locator("#correction-status")).to_have_text("It was not noted. The database is down.")
    expect(page.locator("#correction-dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#correction-note")).to_be_hidden()


def test_a_correction_without_a_key_asks_for_one(open_capturing: Any, shown: dict[str, Path]) -> None:
    page = open_capturing(status=401)
    choose(page, shown["sure"])
    page.locator("#correct").click()
    page.get_by_role("button", name="dark card").click()
    expect(page.locator("#key-dialog")).to_be_visible()


def test_the_dialog_fits_a_dark_phone_and_axe_finds_no_violations(open_capturing: Any, shown: dict[str, Path]) -> None:
    page = open_capturing(
        labels=tuple(f"kind_{number}" for number in range(100)),
        viewport=PHONE,
        color_scheme="dark",
        reduced_motion="reduce",
    )
    choose(page, shown["sure"])
    page.locator("#correct").click()
    run_axe(page, "correction")
    page.locator("#correction-text").fill("kind 1")
    run_axe(page, "search")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    for name in ("#correction-other", "#correction-cancel"):
        page.locator(name).scroll_into_view_if_needed()
        expect(page.locator(name)).to_be_in_viewport()


def test_classes_are_found_by_name_and_label_without_accents(page: Page) -> None:
    choices = [{"label": "creme_caramel", "name": "Crème caramel"}, {"label": "ice", "name": "Ice cream"}]
    found = "m.findChoices(given[0], given[1]).map((each) => each.label)"
    searched = {
        text: evaluate_in_module(page, "view/correction.js", found, choices, text) for text in ("creme", "CREAM", "x")
    }
    assert searched == {"creme": ["creme_caramel"], "CREAM": ["ice"], "x": []}


def test_a_correction_reaches_the_store_of_the_server(
    visit: Visit, colours: Path, shown: dict[str, Path], tmp_path: Path
) -> None:
    with server_group(colours, "--capture", tmp_path / "kept") as (address, process):
        page = visit(address)
        choose(page, shown["sure"])
        page.get_by_role("button", name="Wrong?").click()
        page.keyboard.type("paper bag")
        page.get_by_role("button", name="Something else: paper bag").click()
        expect(page.locator("#correction-note")).to_contain_text("it is paper bag")
        process.send_signal(signal.SIGTERM)
        process.wait(TIMEOUT)
    with contextlib.closing(open_store(tmp_path / "kept")) as store:
        [(_, feedback)] = store.feedback()
        columns = store.columns()
    assert (feedback.label, feedback.is_new, feedback.source) == ("paper bag", True, "page")
    assert (list(columns.truth), list(columns.is_new)) == (["paper bag"], [True])
