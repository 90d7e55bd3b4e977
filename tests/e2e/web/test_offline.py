"""An exported site offline, and updates at the same URL."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import discern
from tests.e2e.chromium import hosted
from tests.e2e.web.site_api import encode, scene
from tests.unit.bundle.factories import write_small

pytestmark = pytest.mark.slow

_CACHES = "async () => (await caches.keys()).filter((name) => name.startsWith('discern '))"
_HAS_ONE_CACHE = """async (before) => {
  const { active, installing, waiting } = await navigator.serviceWorker.getRegistration() ?? {};
  const kept = (await caches.keys()).filter((name) => name.startsWith("discern "));
  return active?.state === "activated" && !installing && !waiting && kept.length === 1 && !before.includes(kept[0]);
}"""


_HAS_NO_WORKER = "async () => !(await navigator.serviceWorker.getRegistration())"
_POLL = """([test, given]) => new Promise((resolve) => {
  const look = async () => (await test(given)) ? resolve() : setTimeout(look, 20);
  look();
})"""


@pytest.fixture
def page(chromium_browser: Any) -> Iterator[Any]:
    """A page with a fresh profile."""
    context = chromium_browser.new_context()
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield page
    context.close()


@pytest.fixture
def folder(root: Path, tmp_path: Path) -> Path:
    """A writable copy of the hosted folder."""
    return Path(shutil.copytree(root, tmp_path / "hosted"))


def touch_files(folder: Path) -> None:
    """Advance modification times: HTTP dates have a resolution of one second."""
    for path in folder.rglob("*"):
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime + 60))


def wait_until(page: Any, condition: str, argument: Any = None) -> None:
    """Wait inside the page; its content security policy forbids `wait_for_function`."""
    page.evaluate(_POLL.replace("test(given)", f"({condition})(given)").replace("[test, given]", "given"), argument)


def check_prediction(page: Any) -> None:
    page.locator("#about-open").wait_for()
    page.set_input_files("#files", {"name": "a.png", "mimeType": "image/png", "buffer": encode(scene())})
    page.locator("#answer h2:not(.waiting)").wait_for()
    assert "dark" in page.inner_text("#answer")


def wait_for_cache(page: Any, before: list[str] | None = None) -> list[str]:
    """Return the names of the caches once a new site is cached."""
    wait_until(page, _HAS_ONE_CACHE, before or [])
    return list(page.evaluate(_CACHES))


def test_after_the_first_visit_the_site_works_offline(page: Any, folder: Path) -> None:
    with hosted(folder) as host:
        page.goto(f"{host}deep/site/")
        check_prediction(page)
        assert page.is_hidden("#notice")
        (name,) = wait_for_cache(page)
        assert name.startswith(f"discern {host}deep/site/ ")
    page.reload()
    check_prediction(page)
    assert page.is_hidden("#notice")
    page.locator("#heatmap").click()
    page.locator(".heatmap").wait_for()
    page.get_by_role("button", name="Try something dark").click()
    page.locator("#picture img[alt$='something dark']").wait_for()
    page.locator("#answer h2:not(.waiting)", has_text="dark").wait_for()
    other = page.context.new_page()
    other.goto(f"{host}deep/site/index.html?from=a+link#stage")
    check_prediction(other)


def test_a_later_export_is_used_at_the_second_load(page: Any, folder: Path, runtime: Path, tmp_path: Path) -> None:
    later = write_small(tmp_path / "later.discern", name="later")
    with hosted(folder) as host:
        page.goto(f"{host}deep/site/")
        check_prediction(page)
        before = wait_for_cache(page)
        discern.export(later, folder / "deep/site", runtime=runtime)
        touch_files(folder)
        page.reload()
        wait_for_cache(page, before)
        page.reload()
        check_prediction(page)
        assert page.title() == "later · Discern"
    page.reload()
    check_prediction(page)
    assert page.title() == "later · Discern"


def test_an_inconsistent_export_is_not_cached(page: Any, folder: Path) -> None:
    path = folder / "deep/site/page/icon.svg"
    path.write_bytes(path.read_bytes() + b"\n")
    with hosted(folder) as host:
        page.goto(f"{host}deep/site/")
        check_prediction(page)
        wait_until(page, _HAS_NO_WORKER)
        page.reload()
        check_prediction(page)


def test_another_site_at_the_same_url_is_used_at_the_second_load(page: Any, folder: Path, bundle: Path) -> None:
    with hosted(folder) as host:
        page.goto(f"{host}deep/site/")
        check_prediction(page)
        wait_for_cache(page)
        discern.export(bundle, folder / "deep/site", api="https://pictures.example.org")
        page.reload()
        wait_until(page, _HAS_NO_WORKER)
        page.goto(f"{host}deep/site/")
        assert "pictures.example.org" in page.content()


def test_other_files_of_the_host_are_not_cached(page: Any, folder: Path) -> None:
    with hosted(folder) as host:
        page.goto(f"{host}deep/site/")
        check_prediction(page)
        wait_for_cache(page)
        (folder / "deep/site/other.txt").write_text("first")
        page.goto(f"{host}deep/site/other.txt")
        (folder / "deep/site/other.txt").write_text("second")
        touch_files(folder)
        page.reload()
        assert page.inner_text("body") == "second"


@pytest.mark.parametrize(
    "script",
    [
        "delete Navigator.prototype.serviceWorker",
        "navigator.serviceWorker.register = () => Promise.reject(new DOMException('no', 'SecurityError'))",
        "Object.defineProperty(Navigator.prototype, 'serviceWorker', { get() { throw new DOMException('no'); } })",
    ],
    ids=["none", "refused", "forbidden"],
)
def test_the_site_works_in_browsers_without_service_workers(page: Any, root: Path, script: str) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.add_init_script(script)
    with hosted(root) as host:
        page.goto(f"{host}deep/site/")
        check_prediction(page)
        assert page.is_hidden("#notice")
    assert errors == []
