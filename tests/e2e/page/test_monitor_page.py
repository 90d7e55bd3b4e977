"""The monitor page: its words, charts and pictures, by mouse and by keyboard, and what it does when things change."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

from discern.inference.exchange import Feedback
from discern.serving.keys import add_key
from discern.watching.looking.published_looks import publish, read_published
from tests.e2e.page.conftest import Visit, wait_until_script
from tests.e2e.page.test_accessibility import DESKTOP, PHONE, focused, run_axe, tab_to
from tests.e2e.page.watched import DAY, EXCHANGES, Watched, watched
from tests.unit.serving.web.captured import exchange_id, make_exchange, make_look

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, colours: Path) -> Iterator[Watched]:
    with watched(tmp_path_factory.mktemp("watched"), colours) as started:
        yield started


@pytest.fixture
def changed(server: Watched) -> Watched:
    """Return the server after a look that found a change."""
    server.publish_change()
    return server


@pytest.fixture
def monitor(visit: Visit, changed: Watched) -> Page:
    return open_monitor(visit, changed)


def open_monitor(visit: Visit, server: Watched, **options: object) -> Page:
    page = visit(f"{server.address}/monitor", ready=False, **options)
    expect(page.locator("#content")).to_be_visible()
    return page


def refresh(page: Page) -> None:
    """Have the page fetch the figures, as it does when somebody comes back to it."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_a_quiet_model_is_called_quiet(visit: Visit, server: Watched) -> None:
    server.publish(make_look(server.fingerprint, alarms=(), clusters=(), exchanges=EXCHANGES))
    page = open_monitor(visit, server)
    expect(page.locator("h1")).to_have_text("All quiet.")
    expect(page.locator("#summary-note")).to_contain_text("300 pictures looked at, and no sign of a change.")
    for hidden in ("#alarms", "#clusters"):
        expect(page.locator(hidden)).to_be_hidden()


def test_a_change_is_named_with_its_day_and_examples(monitor: Page) -> None:
    expect(monitor.locator("h1")).to_contain_text("Something changed since")
    expect(monitor.locator("h1")).to_contain_text("pictures are darker.")
    assert monitor.title().startswith("(1) colours")
    expect(monitor.locator("#alarm-list img[src]")).to_have_count(6)
    assert monitor.evaluate("[...document.querySelectorAll('#alarm-list img')].every((each) => each.src)")
    expect(monitor.locator("#signal-rows tr", has_text="Brightness")).to_contain_text("812 to one alarm")
    expect(monitor.locator("#cluster-list")).to_contain_text("12 pictures look alike")
    expect(monitor.locator("#cluster-list img[src]")).to_have_count(8)


def test_each_exchange_is_a_mark_and_the_threshold_is_drawn(monitor: Page) -> None:
    expect(monitor.locator("#confidence-chart .mark")).to_have_count(EXCHANGES)
    expect(monitor.locator("#confidence-chart .threshold")).to_have_count(1)
    expect(monitor.locator("#confidence-legend")).to_contain_text("Accepted from 90\u202f%")
    monitor.get_by_role("button", name="Unknown score").click()
    expect(monitor.locator("#confidence-legend")).to_contain_text("Unknown above 0.6")


def test_a_click_on_a_mark_opens_its_picture(monitor: Page) -> None:
    mark = monitor.locator("#confidence-chart .mark").nth(150)
    wanted = mark.get_attribute("data-id") or ""
    mark.click()
    dialog = monitor.locator("#picture-dialog")
    expect(dialog).to_be_visible()
    expect(dialog.locator("img")).to_be_visible()
    neighbours = {exchange_id(number) for number in range(140, 160)}
    assert wanted in neighbours
    assert dialog.locator("dd").filter(has_text="000").first.inner_text() in neighbours


def test_a_thumbnail_opens_its_picture(monitor: Page) -> None:
    monitor.locator("#alarm-list .thumb").first.click()
    expect(monitor.locator("#picture-dialog dl")).to_contain_text(exchange_id(EXCHANGES - 40))
    monitor.keyboard.press("ArrowRight")
    expect(monitor.locator("#picture-dialog dl")).to_contain_text(exchange_id(EXCHANGES - 39))


def test_everything_works_by_keyboard(monitor: Page) -> None:
    monitor.keyboard.press("Tab")
    assert focused(monitor) == "Skip to main content"
    monitor.keyboard.press("Enter")
    tab_to(monitor, "confidence-chart")
    chart = monitor.locator("#confidence-chart")
    newest = chart.get_attribute("aria-valuetext")
    monitor.keyboard.press("ArrowLeft")
    assert chart.get_attribute("aria-valuetext") != newest
    monitor.keyboard.press("Home")
    expect(chart).to_have_attribute("aria-valuenow", "0")
    monitor.keyboard.press("Enter")
    expect(monitor.locator("#picture-dialog dl")).to_contain_text(exchange_id(0))
    monitor.keyboard.press("Escape")
    assert focused(monitor) == "confidence-chart"
    tab_to(monitor, "The newest pictures as a table")
    monitor.keyboard.press("Enter")
    expect(monitor.locator("#newest-rows tr")).to_have_count(50)
    tab_to(monitor, "audit-open", limit=120)


def test_new_exchanges_appear_and_the_place_is_kept(visit: Visit, changed: Watched) -> None:
    page = open_monitor(visit, changed)
    page.locator("#confidence-chart").focus()
    for _ in range(10):
        page.keyboard.press("ArrowLeft")
    before = page.locator("#confidence-chart").get_attribute("aria-valuetext")
    page.evaluate("window.scrollTo(0, 500)")
    changed.store.add([make_exchange(EXCHANGES, bundle=changed.fingerprint, time=1.0e9 + 8e8)])
    refresh(page)
    expect(page.locator("#confidence-chart .mark")).to_have_count(EXCHANGES + 1)
    changed.store.forget(exchange_id(EXCHANGES))
    assert page.evaluate("window.scrollY") == 500
    assert page.locator("#confidence-chart").get_attribute("aria-valuetext") == before


def test_a_refresh_keeps_the_focus_and_an_open_table(monitor: Page) -> None:
    monitor.locator("#confidence-details summary").click()
    button = monitor.locator("#newest-rows button").nth(3)
    button.focus()
    with monitor.expect_response("**/monitor.json*"):
        refresh(monitor)
    expect(monitor.locator("#newest-rows tr")).to_have_count(50)
    expect(button).to_be_focused()


def test_a_hidden_page_asks_for_nothing(visit: Visit, changed: Watched) -> None:
    page = open_monitor(visit, changed)
    page.clock.install()
    page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true }); 1")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "monitor.json" in request.url else None)
    page.clock.run_for(60_000)
    assert asked == []
    page.evaluate("Object.defineProperty(document, 'hidden', { value: false }); 1")
    with page.expect_response("**/monitor.json*"):
        refresh(page)


def test_a_server_that_is_away_is_reported_and_comes_back(visit: Visit, changed: Watched) -> None:
    page = open_monitor(visit, changed)

    def refuse(route: Route) -> None:
        route.abort()

    page.route("**/monitor.json*", refuse)
    refresh(page)
    expect(page.locator("#notice")).to_contain_text("The server cannot be reached.")
    expect(page.locator("#confidence-chart .mark")).to_have_count(EXCHANGES)
    page.unroute("**/monitor.json*", refuse)
    page.get_by_role("button", name="Try now").click()
    expect(page.locator("#notice")).to_be_hidden()


def test_labels_are_shown_with_the_exchange(visit: Visit, changed: Watched) -> None:
    label = Feedback(exchange=exchange_id(7), label="dark", time=1.8e9, source="audit")
    changed.store.add([], [label])
    page = open_monitor(visit, changed)
    page.locator("#confidence-chart").focus()
    page.keyboard.press("Home")
    for _ in range(7):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("#picture-dialog dl")).to_contain_text("dark card")


def test_a_failed_look_is_reported(visit: Visit, server: Watched) -> None:
    server.publish(make_look(server.fingerprint, alarms=(), clusters=()))
    failed = replace(read_published(server.store, server.fingerprint), error="The bundle is damaged.")
    assert publish(server.store, server.fingerprint, failed)
    page = open_monitor(visit, server)
    expect(page.locator("#summary-note")).to_contain_text("The newest look failed: The bundle is damaged.")


@pytest.mark.parametrize(("scheme", "viewport"), [("light", DESKTOP), ("dark", PHONE)], ids=["light", "dark phone"])
def test_axe_finds_no_violations(visit: Visit, changed: Watched, scheme: str, viewport: dict[str, int]) -> None:
    page = open_monitor(visit, changed, color_scheme=scheme, viewport=viewport, reduced_motion="reduce")
    run_axe(page, "monitor")
    for summary in page.locator("summary").all():
        summary.click()
    run_axe(page, "tables")
    page.locator("#alarm-list .thumb").first.click()
    expect(page.locator("#picture-dialog img")).to_be_visible()
    run_axe(page, "picture")


def test_a_phone_needs_no_horizontal_scrolling(visit: Visit, changed: Watched) -> None:
    width = 320
    page = open_monitor(visit, changed, viewport={"width": width, "height": 700}, has_touch=True, is_mobile=True)
    for summary in page.locator("summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#alarm-list .thumb").first.tap()
    expect(page.locator("#picture-dialog img")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_page_asks_no_other_host(visit: Visit, changed: Watched) -> None:
    page = visit("about:blank", ready=False)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{changed.address}/monitor")
    expect(page.locator("#alarm-list img[src]")).to_have_count(6)
    assert [each for each in asked if not each.startswith((changed.address, "blob:"))] == []


def test_a_key_is_asked_for_and_used(visit: Visit, tmp_path: Path, colours: Path) -> None:
    key = add_key(tmp_path / "keys.txt", "alice")
    with watched(tmp_path, colours, "--key-file", tmp_path / "keys.txt") as server:
        server.publish_change()
        page = visit(f"{server.address}/monitor", ready=False)
        expect(page.locator("#key-dialog")).to_be_visible()
        expect(page.locator("#content")).to_be_hidden()
        assert Axe().run(page).violations_count == 0
        page.locator("#key").fill(key)
        page.keyboard.press("Enter")
        expect(page.locator("#alarm-list img[src]")).to_have_count(6)
        wait_until_script(page, "!document.getElementById('key-dialog').open")


def test_a_server_that_captures_nothing_names_the_option(visit: Visit, address: str) -> None:
    page = visit(f"{address}/monitor", ready=False)
    expect(page.locator("#notice")).to_contain_text("--capture STORE")
    expect(page.locator("#content")).to_be_hidden()


def test_the_traffic_of_the_week_is_drawn_by_day(monitor: Page) -> None:
    assert monitor.locator("#traffic-chart .bar").count() > 5 * DAY / 3600
    monitor.get_by_text("Traffic by day as a table").click()
    rows = monitor.locator("#traffic-rows tr")
    assert rows.count() in (6, 7)
    expect(rows.nth(2)).to_contain_text("60")
