"""An exported site without a network, and what comes after it at the same address."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import discern
from tests.e2e.chromium import hosted
from tests.e2e.web.asking import encode, scene
from tests.unit.bundle.factories import write_small

_KEPT = "async () => (await caches.keys()).filter((name) => name.startsWith('discern '))"
_ONE = """async (before) => {
  const { active, installing, waiting } = await navigator.serviceWorker.getRegistration() ?? {};
  const kept = (await caches.keys()).filter((name) => name.startsWith("discern "));
  return active?.state === "activated" && !installing && !waiting && kept.length === 1 && !before.includes(kept[0]);
}"""


_NONE = "async () => !(await navigator.serviceWorker.getRegistration())"
_UNTIL = """([test, given]) => new Promise((resolve) => {
  const look = async () => (await test(given)) ? resolve() : setTimeout(look, 20);
  look();
})"""


@pytest.fixture
def page(visitor: Any) -> Iterator[Any]:
    """A page of a visitor who has never been here."""
    context = visitor.new_context()
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield page
    context.close()


@pytest.fixture
def folder(root: Path, tmp_path: Path) -> Path:
    """A host's folder that may be changed."""
    return Path(shutil.copytree(root, tmp_path / "hosted"))


def age(folder: Path) -> None:
    """Let files be seen to have changed: hosts tell their age in whole seconds."""
    for path in folder.rglob("*"):
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime + 60))


def until(page: Any, test: str, given: Any = None) -> None:
    """Wait within the page, whose policy lets nobody bring it code as text."""
    page.evaluate(_UNTIL.replace("test(given)", f"({test})(given)").replace("[test, given]", "given"), given)


def show(page: Any) -> None:
    page.locator("#about-open").wait_for()
    page.set_input_files("#files", {"name": "a.png", "mimeType": "image/png", "buffer": encode(scene())})
    page.locator("#answer h2:not(.waiting)").wait_for()
    assert "dark" in page.inner_text("#answer")


def kept(page: Any, before: list[str] | None = None) -> list[str]:
    """What the browser keeps, once it keeps another site than before."""
    until(page, _ONE, before or [])
    return list(page.evaluate(_KEPT))


def test_after_the_first_visit_it_opens_and_answers_without_its_host(page: Any, folder: Path) -> None:
    with hosted(folder) as host:
        page.goto(f"{host}deep/site/")
        show(page)
        assert page.is_hidden("#notice")
        (name,) = kept(page)
        assert name.startswith(f"discern {host}deep/site/ ")
    page.reload()
    show(page)
    assert page.is_hidden("#notice")
    page.locator("#heatmap").click()
    page.locator(".heatmap").wait_for()
    page.get_by_role("button", name="Try something dark").click()
    page.locator("#picture img[alt$='something dark']").wait_for()
    page.locator("#answer h2:not(.waiting)", has_text="dark").wait_for()
    other = page.context.new_page()
    other.goto(f"{host}deep/site/index.html?from=a+link#stage")
    show(other)


def test_a_later_export_is_seen_at_the_second_load(page: Any, folder: Path, runtime: Path, tmp_path: Path) -> None:
    later = write_small(tmp_path / "later.discern", name="later")
    with hosted(folder) as host:
        page.goto(f"{host}deep/site/")
        show(page)
        before = kept(page)
        discern.export(later, folder / "deep/site", runtime=runtime)
        age(folder)
        page.reload()
        kept(page, before)
        page.reload()
        show(page)
        assert page.title() == "later · Discern"
    page.reload()
    show(page)
    assert page.title() == "later · Discern"


def test_half_of_an_export_is_not_kept(page: Any, folder: Path) -> None:
    path = folder / "deep/site/page/icon.svg"
    path.write_bytes(path.read_bytes() + b"\n")
    with hosted(folder) as host:
        page.goto(f"{host}deep/site/")
        show(page)
        until(page, _NONE)
        page.reload()
        show(page)


def test_another_site_at_the_same_address_is_seen_at_the_second_load(page: Any, folder: Path, bundle: Path) -> None:
    with hosted(folder) as host:
        page.goto(f"{host}deep/site/")
        show(page)
        kept(page)
        discern.export(bundle, folder / "deep/site", api="https://pictures.example.org")
        page.reload()
        until(page, _NONE)
        page.goto(f"{host}deep/site/")
        assert "pictures.example.org" in page.content()


def test_other_files_of_the_host_are_left_to_it(page: Any, folder: Path) -> None:
    with hosted(folder) as host:
        page.goto(f"{host}deep/site/")
        show(page)
        kept(page)
        (folder / "deep/site/other.txt").write_text("first")
        page.goto(f"{host}deep/site/other.txt")
        (folder / "deep/site/other.txt").write_text("second")
        age(folder)
        page.reload()
        assert page.inner_text("body") == "second"


@pytest.mark.parametrize(
    "lack",
    [
        "delete Navigator.prototype.serviceWorker",
        "navigator.serviceWorker.register = () => Promise.reject(new DOMException('no', 'SecurityError'))",
        "Object.defineProperty(Navigator.prototype, 'serviceWorker', { get() { throw new DOMException('no'); } })",
    ],
    ids=["none", "refused", "forbidden"],
)
def test_browsers_that_keep_nothing_answer_all_the_same(page: Any, root: Path, lack: str) -> None:
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.add_init_script(lack)
    with hosted(root) as host:
        page.goto(f"{host}deep/site/")
        show(page)
        assert page.is_hidden("#notice")
    assert wrong == []
