"""A real Chromium, and servers for it."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright, Route, expect, sync_playwright

from tests.e2e import chromium
from tests.e2e.page.scenes import DARK, STRANGE, SURE, TORN, film, glow, paint
from tests.e2e.served import ready, started
from tests.unit.bundle.factories import write_small

# A busy machine must not fail a test.
expect.set_options(timeout=20_000)

_CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
_NAMES = {
    "red": {"name": "red card", "spoken": "a red card", "route": "the left bin"},
    "dark": {"name": "dark card", "spoken": "a dark card", "route": ""},
}
_LISTEN = """
window.said = [];
speechSynthesis.speak = (utterance) => said.push({ text: utterance.text, lang: utterance.lang, rate: utterance.rate });
"""


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """What starts browsers, or a skip; only one may be open at a time."""
    if why := chromium.why_none():
        pytest.skip(why)
    with sync_playwright() as opened:
        yield opened


@contextlib.contextmanager
def browse(playwright: Playwright, shown: Path) -> Iterator[Browser]:
    """A browser whose camera shows a film."""
    flags = [*chromium.FLAGS, *_CAMERA, f"--use-file-for-fake-video-capture={shown}"]
    opened = playwright.chromium.launch(executable_path=chromium.find(), args=flags)
    yield opened
    opened.close()


@contextlib.contextmanager
def serve(*words: str | Path, port: int = 0) -> Iterator[str]:
    """The address of a server that is up."""
    with started(*words, port=port) as (address, _):
        ready(address)
        yield address


@pytest.fixture(scope="package")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle whose answers are known beforehand."""
    metrics = {"accuracy": {"leak_free": {"value": 0.912, "low": 0.88, "high": 0.94, "estimates": "bundle"}}}
    return write_small(
        tmp_path_factory.mktemp("colours") / "model.discern",
        names=_NAMES,
        metrics=metrics,
        policy={"sentence": "At most 5 % of the accepted answers are wrong."},
    )


@pytest.fixture(scope="package")
def address(colours: Path) -> Iterator[str]:
    with serve(colours) as where:
        yield where


@pytest.fixture(scope="package")
def browser(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser whose camera sees something bright on the left, in the middle, on the right, and again."""
    shown = film(tmp_path_factory.mktemp("film") / "glow.mjpeg", map(glow, ("left", "centre", "right")))
    with browse(playwright, shown) as opened:
        yield opened


@contextlib.contextmanager
def opened(browser: Browser, **options: Any) -> Iterator[BrowserContext]:
    """A fresh profile that keeps what is said, and in which nothing may go wrong."""
    wrong: list[str] = []
    context = browser.new_context(**({"viewport": {"width": 1280, "height": 860}} | options))
    context.add_init_script(_LISTEN)
    context.on("weberror", lambda error: wrong.append(str(error.error)))
    context.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
    yield context
    context.close()
    # Chromium notes each refused request there; those are what some tests are about.
    assert [each for each in wrong if not each.startswith("Failed to load resource")] == []


Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Open an address as a fresh visitor, with options such as `color_scheme`."""
    with contextlib.ExitStack() as stack:

        def begin(where: str, *, ready: bool = True, **options: Any) -> Page:
            page = stack.enter_context(opened(browser, **options)).new_page()
            page.set_default_timeout(20_000)
            page.goto(where)
            if ready:
                page.locator("#about-open").wait_for()
            return page

        yield begin


@pytest.fixture
def page(visit: Visit, address: str) -> Page:
    return visit(address)


@pytest.fixture(scope="package")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A picture for each decision."""
    folder = tmp_path_factory.mktemp("shown")
    colours = {"sure": SURE, "torn": TORN, "strange": STRANGE, "dark": DARK}
    return {name: paint(folder / f"{name}.png", colour) for name, colour in colours.items()}


def choose(page: Page, *paths: Path) -> None:
    page.set_input_files("#files", [str(path) for path in paths])


def hold(page: Page, which: str = "**/predict*") -> list[Route]:
    """Keep the questions of a page from the server; each may be let go later."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    page.route(which, keep)
    return held


def headline(page: Page) -> Locator:
    """The large sentence, once there is one."""
    return page.locator("#answer h2:not(.waiting)")


def said(page: Page) -> list[str]:
    """What was said aloud, in its order."""
    return [each["text"] for each in page.evaluate("said")]
