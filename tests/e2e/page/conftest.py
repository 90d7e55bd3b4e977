"""Fixtures: Chromium, servers and pictures for the tests of the page."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright, Route, expect, sync_playwright

from tests.e2e import chromium
from tests.e2e.page.scenes import DARK, SURE, TORN, UNKNOWN, film, glow, paint
from tests.e2e.served import ready, started
from tests.unit.bundle.factories import write_small

# Tests must not fail on a slow machine.
expect.set_options(timeout=20_000)

_CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
_NAMES = {
    "red": {"name": "red card", "spoken": "a red card", "route": "the left bin"},
    "dark": {"name": "dark card", "spoken": "a dark card", "route": ""},
}
_RECORD_SPEECH = """
window.spoken = [];
speechSynthesis.speak = (utterance) =>
    spoken.push({ text: utterance.text, lang: utterance.lang, rate: utterance.rate });
"""


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """Playwright, or a skip; only one instance may run at a time."""
    if why := chromium.missing_reason():
        pytest.skip(why)
    with sync_playwright() as opened:
        yield opened


@contextlib.contextmanager
def browse(playwright: Playwright, film_path: Path) -> Iterator[Browser]:
    """Launch a browser whose camera plays a film."""
    flags = [*chromium.FLAGS, *_CAMERA, f"--use-file-for-fake-video-capture={film_path}"]
    opened = playwright.chromium.launch(executable_path=chromium.find(), args=flags)
    yield opened
    opened.close()


@contextlib.contextmanager
def serve(*args: str | Path, port: int = 0) -> Iterator[str]:
    """Start a server; yield its URL once it is ready."""
    with started(*args, port=port) as (address, _):
        ready(address)
        yield address


@pytest.fixture(scope="package")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with known predictions."""
    metrics = {"accuracy": {"leak_free": {"value": 0.912, "low": 0.88, "high": 0.94, "estimates": "bundle"}}}
    return write_small(
        tmp_path_factory.mktemp("colours") / "model.discern",
        names=_NAMES,
        metrics=metrics,
        policy={"sentence": "At most 5 % of the accepted answers are wrong."},
    )


@pytest.fixture(scope="package")
def address(colours: Path) -> Iterator[str]:
    with serve(colours) as url:
        yield url


@pytest.fixture(scope="package")
def address_with_examples(colours: Path, shown: dict[str, Path]) -> Iterator[str]:
    """URL of a page with example pictures."""
    with serve(colours, "--examples", shown["sure"].parent) as url:
        yield url


@pytest.fixture(scope="package")
def address_of_three_models(colours: Path) -> Iterator[str]:
    """URL of a server of the models First, Second and Third."""
    with serve(f"First={colours}", f"Second={colours}", f"Third={colours}") as url:
        yield url


@pytest.fixture(scope="package")
def address_with_size_limit(colours: Path) -> Iterator[str]:
    """URL of a server that accepts at most 0.2 MB per request."""
    with serve(colours, "--max-mb", "0.2") as url:
        yield url


@pytest.fixture(scope="package")
def browser(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser whose camera shows something bright on the left, in the middle and on the right, in a loop."""
    film_path = film(tmp_path_factory.mktemp("film") / "glow.mjpeg", map(glow, ("left", "centre", "right")))
    with browse(playwright, film_path) as opened:
        yield opened


@contextlib.contextmanager
def open_context(browser: Browser, **options: Any) -> Iterator[BrowserContext]:
    """Open a fresh profile that records speech; assert that no script error or warning occurs."""
    problems: list[str] = []
    context = browser.new_context(**({"viewport": {"width": 1280, "height": 860}} | options))
    context.add_init_script(_RECORD_SPEECH)
    context.on("weberror", lambda error: problems.append(str(error.error)))
    context.on(
        "console",
        lambda message: problems.append(message.text) if message.type in ("error", "warning") else None,
    )
    yield context
    context.close()
    # Chromium logs every rejected request as an error; some tests are about these.
    assert [message for message in problems if not message.startswith("Failed to load resource")] == []


Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Function that opens a URL in a fresh profile, with options such as `color_scheme`."""
    with contextlib.ExitStack() as stack:

        def open_page(url: str, *, ready: bool = True, **options: Any) -> Page:
            page = stack.enter_context(open_context(browser, **options)).new_page()
            page.set_default_timeout(20_000)
            page.goto(url)
            if ready:
                page.locator("#about-open").wait_for()
            return page

        yield open_page


@pytest.fixture
def page(visit: Visit, address: str) -> Page:
    return visit(address)


@pytest.fixture(scope="package")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A picture for each decision, by name."""
    folder = tmp_path_factory.mktemp("shown")
    colours = {"sure": SURE, "torn": TORN, "strange": UNKNOWN, "dark": DARK}
    return {name: paint(folder / f"{name}.png", colour) for name, colour in colours.items()}


def choose(page: Page, *paths: Path) -> None:
    """Choose files in the page's file input."""
    page.set_input_files("#files", [str(path) for path in paths])


def hold_requests(page: Page, pattern: str = "**/predict*") -> list[Route]:
    """Hold a page's requests back; return the routes, which can be continued later."""
    routes: list[Route] = []

    def hold(route: Route) -> None:
        routes.append(route)

    page.route(pattern, hold)
    return routes


def wait_until_script(page: Page, expression: str) -> None:
    """Wait until a script is true; the page's content security policy forbids `wait_for_function`."""
    for _ in range(200):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(100)
    raise AssertionError(expression)


def headline(page: Page) -> Locator:
    """Return the locator of the answer's headline."""
    return page.locator("#answer h2:not(.waiting)")


def spoken_texts(page: Page) -> list[str]:
    """Return the spoken texts in order."""
    return [message["text"] for message in page.evaluate("spoken")]
