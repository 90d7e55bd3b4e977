"""The audit page: one picture at a time, a key for each class, and the model's answer afterwards."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.page.conftest import Visit
from tests.e2e.page.test_accessibility import DESKTOP, PHONE, focused, run_axe, tab_to
from tests.e2e.page.watched import QUEUED, Watched, watched
from tests.e2e.server_process import PATIENCE
from tests.unit.bundle.factories import write_small
from tests.unit.serving.web.captured import exchange_id
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

_FIRST = itertools.count(0, QUEUED)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, colours: Path) -> Iterator[Watched]:
    with watched(tmp_path_factory.mktemp("audited"), colours) as started:
        yield started


@pytest.fixture
def first() -> int:
    """Return the number of the first exchange of the queue, which no other test labels."""
    return next(_FIRST)


@pytest.fixture
def server(shared: Watched, first: int) -> Watched:
    """Return a server with a queue of twelve pictures."""
    shared.publish_change(first)
    return shared


@pytest.fixture
def audit(visit: Visit, server: Watched) -> Page:
    return open_audit(visit, server)


def open_audit(visit: Visit, server: Watched, **options: object) -> Page:
    page = visit(f"{server.address}/audit", ready=False, **options)
    expect(page.locator("#audit-picture img")).to_be_visible()
    return page


def truth(server: Watched, number: int) -> tuple[str | None, bool]:
    """Return the label of an exchange in the store, and whether it is a new class."""
    row = server.store.columns_of([exchange_id(number)])
    return row.truth[0], bool(row.is_new[0])


def wait_for_truth(server: Watched, number: int, label: str, *, is_new: bool = False) -> None:
    wait_until(lambda: truth(server, number) == (label, is_new), PATIENCE, interval=0.1)


def test_keys_label_pictures_one_after_the_other(audit: Page, server: Watched, first: int) -> None:
    expect(audit.locator("#task-note")).to_have_text(f"{QUEUED} pictures wait; 0 labelled now.")
    expect(audit.locator("#result")).to_be_empty()
    audit.keyboard.press("1")
    expect(audit.locator("#result")).to_contain_text("You: dark card. The model:")
    expect(audit.locator("#task-note")).to_have_text(f"{QUEUED - 1} pictures wait; 1 labelled now.")
    audit.keyboard.press("2")
    expect(audit.locator("#result")).to_contain_text("You: red card.")
    wait_for_truth(server, first, "dark")
    wait_for_truth(server, first + 1, "red")
    feedback = [each for _, each in server.store.feedback() if each.exchange == exchange_id(first)]
    assert [each.source for each in feedback] == ["audit"]


def test_the_model_s_answer_is_not_sent_before(visit: Visit, server: Watched) -> None:
    page = visit("about:blank", ready=False)
    received: list[str] = []
    page.on("response", lambda response: received.append(response.url))
    page.goto(f"{server.address}/audit")
    expect(page.locator("#audit-picture img")).to_be_visible()
    assert [each for each in received if "/exchanges/" in each or "monitor.json" in each] == []
    page.keyboard.press("1")
    expect(page.locator("#result")).to_contain_text("The model:")


def test_something_else_is_a_new_class(audit: Page, server: Watched, first: int) -> None:
    audit.keyboard.press("0")
    assert focused(audit) == "other"
    audit.keyboard.type("plum 1")
    audit.keyboard.press("Enter")
    expect(audit.locator("#result")).to_contain_text("You: plum 1.")
    wait_for_truth(server, first, "plum 1", is_new=True)


def test_a_known_class_that_is_written_is_no_new_one(audit: Page, server: Watched, first: int) -> None:
    audit.locator("#other").fill("RED CARD")
    audit.keyboard.press("Enter")
    wait_for_truth(server, first, "red")


def test_the_last_answer_can_be_replaced(audit: Page, server: Watched, first: int) -> None:
    audit.keyboard.press("1")
    expect(audit.locator("#result")).to_contain_text("You: dark card.")
    audit.keyboard.press("ArrowLeft")
    expect(audit.locator("#result")).to_contain_text("Back at the last picture")
    expect(audit.locator("#audit-picture")).to_have_attribute("data-id", exchange_id(first))
    audit.keyboard.press("2")
    wait_for_truth(server, first, "red")


def test_a_skipped_picture_waits(audit: Page, server: Watched, first: int) -> None:
    for number in range(QUEUED):
        expect(audit.locator("#audit-picture")).to_have_attribute("data-id", exchange_id(first + number))
        audit.keyboard.press("ArrowRight")
    expect(audit.locator("h1")).to_have_text("Nothing to label now.")
    expect(audit.locator("#task-note")).to_contain_text("12 skipped pictures wait")
    audit.reload()
    expect(audit.locator("#audit-picture")).to_have_attribute("data-id", exchange_id(first))


def test_all_pictures_are_labelled_and_none_comes_again(audit: Page, server: Watched, first: int) -> None:
    for number in range(QUEUED):
        expect(audit.locator("#audit-picture")).to_have_attribute("data-id", exchange_id(first + number))
        audit.keyboard.press("2")
    expect(audit.locator("h1")).to_have_text("Nothing to label now.")
    for number in range(QUEUED):
        wait_for_truth(server, first + number, "red")
    audit.reload()
    expect(audit.locator("h1")).to_have_text("Nothing to label now.")


def test_keys_can_be_turned_off(audit: Page) -> None:
    audit.get_by_role("button", name="Keys").click()
    audit.keyboard.press("1")
    expect(audit.locator("kbd").first).to_be_hidden()
    expect(audit.locator("#task-note")).to_contain_text("0 labelled now")
    tab_to(audit, "1dark card")
    audit.keyboard.press("Enter")
    expect(audit.locator("#result")).to_contain_text("You: dark card.")


def test_an_answer_that_does_not_arrive_is_reported_and_can_be_given_again(
    audit: Page, server: Watched, first: int
) -> None:
    def refuse(route: Route) -> None:
        route.abort()

    audit.route("**/feedback", refuse)
    audit.keyboard.press("1")
    expect(audit.locator("#notice")).to_contain_text("The server cannot be reached.")
    expect(audit.locator("#audit-picture")).to_have_attribute("data-id", exchange_id(first))
    audit.unroute("**/feedback", refuse)
    audit.keyboard.press("1")
    expect(audit.locator("#notice")).to_be_hidden()
    wait_for_truth(server, first, "dark")


def test_many_classes_are_found_by_their_name(visit: Visit, server: Watched) -> None:
    labels = [{"label": f"kind {number}", "name": f"Kind {number}"} for number in range(130)] + [
        {"label": "red", "name": "red card"}
    ]

    def many(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        body["model"]["labels"] = labels
        route.fulfill(response=answer, json=body)

    page = visit("about:blank", ready=False)
    page.route("**/audit.json*", many)
    page.goto(f"{server.address}/audit")
    expect(page.locator("#class-buttons button")).to_have_count(35)
    page.keyboard.press("/")
    page.keyboard.type("red")
    expect(page.locator("#class-buttons button")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#result")).to_contain_text("You: red card.")


@pytest.mark.parametrize(("scheme", "viewport"), [("light", DESKTOP), ("dark", PHONE)], ids=["light", "dark phone"])
def test_axe_finds_no_violations(visit: Visit, server: Watched, scheme: str, viewport: dict[str, int]) -> None:
    page = open_audit(visit, server, color_scheme=scheme, viewport=viewport, reduced_motion="reduce")
    run_axe(page, "start")
    page.locator("#class-buttons button").first.click()
    expect(page.locator("#result")).to_contain_text("The model:")
    run_axe(page, "answered")
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_a_server_with_another_model_has_its_own_queue(visit: Visit, tmp_path: Path, colours: Path) -> None:
    other = write_small(tmp_path / "other.discern", name="other", version="2")
    with watched(tmp_path, colours, f"second={other}") as two:
        two.publish_change()
        page = open_audit(visit, two)
        page.locator("#model").select_option("second")
        expect(page.locator("h1")).to_have_text("Nothing to label now.")
