"""The page with a server that is unreachable, slow, busy or requires a key: no picture is lost."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from discern.serving.keys import add_key
from tests.e2e.page.conftest import Visit, choose, headline, hold_requests, serve, wait_until_script
from tests.e2e.page.scenes import noise

pytestmark = pytest.mark.slow


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_pictures_wait_for_an_unreachable_server(visit: Visit, colours: Path, shown: dict[str, Path]) -> None:
    port = free_port()
    with serve(colours, port=port) as address:
        page = visit(address)
    choose(page, shown["sure"], shown["dark"])
    expect(page.locator("#notice")).to_contain_text("The server cannot be reached.")
    expect(page.locator("#answer h2")).to_have_text("Waiting for the server: your picture is kept")
    with serve(colours, port=port):
        expect(page.locator("#batch-title")).to_have_text("2 pictures: 2 accepted")
        expect(page.locator("#notice")).to_be_hidden()


def test_a_picture_fails_after_repeated_network_errors(visit: Visit, address: str, shown: dict[str, Path]) -> None:
    page = visit(address)
    page.route("**/predict*", lambda route: route.abort())
    choose(page, shown["sure"])
    expect(headline(page)).to_have_text("I could not answer this one", timeout=20_000)
    page.unroute("**/predict*")
    page.locator("#retry").click()
    expect(headline(page)).to_contain_text("Red card")


def test_an_updated_row_keeps_the_focus(visit: Visit, address: str, shown: dict[str, Path]) -> None:
    page = visit(address)
    page.route("**/predict*", lambda route: route.abort())
    choose(page, shown["sure"])
    expect(page.locator("#rows tr")).to_contain_text("No answer", timeout=20_000)
    page.unroute("**/predict*")
    name = page.locator("#rows tr button")
    name.focus()
    before = name.element_handle()
    page.locator("#retry").evaluate("button => button.click()")
    expect(page.locator("#rows tr")).to_contain_text("Accepted")
    expect(name).to_be_focused()
    assert name.evaluate("(now, before) => now === before", before)


def test_a_slow_upload_shows_progress_and_can_be_cancelled(visit: Visit, address: str, tmp_path: Path) -> None:
    page = visit(address)
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    conditions = {"offline": False, "latency": 50, "downloadThroughput": 1_000_000, "uploadThroughput": 100_000}
    devtools.send("Network.emulateNetworkConditions", conditions)
    choose(page, noise(tmp_path / "large.png", 900))
    expect(page.locator("#progress-status")).to_contain_text("Uploading: ")
    wait_until_script(page, "((value) => value > 0 && value < 1)(document.querySelector('#progress').value)")
    page.locator("#cancel").click()
    expect(headline(page)).to_have_text("Cancelled")
    expect(headline(page)).to_be_focused()


def test_a_slow_server_is_announced(visit: Visit, address: str, shown: dict[str, Path]) -> None:
    page = visit(address)
    routes = hold_requests(page)
    choose(page, shown["sure"])
    expect(page.locator("#progress-status")).to_contain_text("The network or the server is slow.")
    routes[0].continue_()
    expect(headline(page)).to_contain_text("Red card")


def test_a_busy_server_is_retried_after_its_retry_after(visit: Visit, address: str, shown: dict[str, Path]) -> None:
    page = visit(address)
    requested: list[float] = []

    def refuse_once(route: Route) -> None:
        requested.append(page.evaluate("performance.now()"))
        if len(requested) > 1:
            route.continue_()
            return
        busy = {"error": {"code": "overloaded", "message": "There is more to do than can be done now.", "hint": ""}}
        route.fulfill(status=503, json=busy, headers={"Retry-After": "2"})

    page.route("**/predict*", refuse_once)
    choose(page, shown["sure"])
    expect(page.locator("#answer h2")).to_have_text("The server is busy: trying again in a moment")
    expect(headline(page)).to_contain_text("Red card")
    assert len(requested) == 2
    assert requested[1] - requested[0] >= 1900


def select_another_model_meanwhile(visit: Visit, address: str) -> tuple[Page, list[Route]]:
    """Select a model whose description is held back, then another one."""
    page = visit(address)
    routes = hold_requests(page, "**/model?model=Second")
    page.get_by_label("Model", exact=True).select_option("Second")
    page.get_by_label("Model", exact=True).select_option("Third")
    expect(page).to_have_title("Third · Discern")
    return page, routes


def test_the_last_selected_model_is_used(visit: Visit, address_of_three_models: str) -> None:
    page, routes = select_another_model_meanwhile(visit, address_of_three_models)
    with page.expect_response("**/model?model=Second"):
        routes[0].continue_()
    page.evaluate("new Promise((resolve) => setTimeout(resolve))")
    expect(page).to_have_title("Third · Discern")
    expect(page.locator("#model")).to_have_value("Third")
    assert page.evaluate("localStorage.getItem('discern.model')") == '"Third"'


def test_a_missing_model_that_is_no_longer_selected_is_not_reported(visit: Visit, address_of_three_models: str) -> None:
    page, routes = select_another_model_meanwhile(visit, address_of_three_models)
    not_found = {"error": {"code": "not_found", "message": "There is no such model.", "hint": ""}}
    with page.expect_response("**/model?model=Second"):
        routes[0].fulfill(status=404, json=not_found)
    page.evaluate("new Promise((resolve) => setTimeout(resolve))")
    expect(page.locator("#notice")).to_be_hidden()
    assert page.evaluate("localStorage.getItem('discern.model')") == '"Third"'


def test_a_manual_retry_supersedes_the_pending_one(visit: Visit, address: str, shown: dict[str, Path]) -> None:
    page = visit(address)
    page.clock.install()
    page.route("**/predict*", lambda route: route.abort())
    requested = hold_requests(page, "**/model*")
    choose(page, shown["sure"])
    try_now = page.get_by_role("button", name="Try now")
    expect(try_now).to_be_visible()
    with page.expect_request("**/model*"):
        page.clock.run_for(1_000)
    with page.expect_request("**/model*"):
        try_now.click()
    while len(requested) < 2:
        page.wait_for_timeout(10)
    page.unroute("**/predict*")
    requested[1].continue_()
    expect(headline(page)).to_contain_text("Red card")
    expect(page.locator("#notice")).to_be_hidden()
    with page.expect_event("requestfailed"):
        requested[0].abort()
    page.clock.run_for(10_000)
    expect(page.locator("#notice")).to_be_hidden()
    assert len(requested) == 2


@pytest.fixture(scope="module")
def server_with_key(colours: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """URL and API key of a server that requires one."""
    keys = tmp_path_factory.mktemp("server") / "keys"
    key = add_key(keys, "visitor", admin=False)
    with serve(colours, "--key-file", keys) as url:
        yield url, key


def test_the_key_is_requested_and_stored_for_this_tab(
    visit: Visit, server_with_key: tuple[str, str], shown: dict[str, Path]
) -> None:
    address, key = server_with_key
    page = visit(address, ready=False)
    page.get_by_label("Key", exact=True).fill("discern_wrong")
    page.keyboard.press("Enter")
    expect(page.locator("#key-why")).to_contain_text("Invalid API key.")
    page.get_by_label("Key", exact=True).fill(key)
    page.get_by_role("button", name="Use this key").click()
    page.locator("#about-open").wait_for()
    choose(page, shown["sure"])
    expect(headline(page)).to_contain_text("Red card")
    page.reload()
    expect(page.locator("#about-open")).to_be_visible()
    assert page.evaluate("localStorage.length + document.cookie.length") == 0


def test_without_a_key_the_page_explains_and_keeps_the_picture(
    visit: Visit, server_with_key: tuple[str, str], shown: dict[str, Path]
) -> None:
    address, key = server_with_key
    page = visit(address, ready=False)
    page.get_by_role("button", name="Not now").click()
    choose(page, shown["sure"])
    expect(page.locator("#notice")).to_contain_text("This server requires an API key.")
    page.get_by_role("button", name="Try now").click()
    page.get_by_label("Key", exact=True).fill(key)
    page.keyboard.press("Enter")
    expect(headline(page)).to_contain_text("Red card")
    expect(page.locator("#notice")).to_be_hidden()


def test_every_request_goes_to_the_server(visit: Visit, address: str) -> None:
    page = visit("about:blank", ready=False)
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    for path in ("/", "/docs"):
        page.goto(address + path)
    page.locator(".opblock").first.wait_for()
    assert len(requested) > 10
    assert {url for url in requested if not url.startswith((address, "data:", "blob:"))} == set()
