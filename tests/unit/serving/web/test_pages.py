"""Page and documentation: media types, caching, the Content-Security-Policy, and no external resources."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from discern.picture import Limits
from discern.serving.example_pictures import Example
from discern.serving.keys import add_key
from discern.serving.web.pages import PAGE

MONITOR = PAGE / "monitor"
TYPES = {
    "/": "text/html; charset=utf-8",
    "/monitor": "text/html; charset=utf-8",
    "/audit": "text/html; charset=utf-8",
    "/docs": "text/html; charset=utf-8",
    "/page/main.js": "text/javascript; charset=utf-8",
    "/page/api/connect.js": "text/javascript; charset=utf-8",
    "/page/monitor/monitor.js": "text/javascript; charset=utf-8",
    "/page/style.css": "text/css; charset=utf-8",
    "/page/icon.svg": "image/svg+xml",
    "/page/manifest.webmanifest": "application/manifest+json",
    "/page/config.json": "application/json",
    "/static-offline-docs/docs.js": "text/javascript; charset=utf-8",
    "/static-offline-docs/swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "/static-offline-docs/swagger-ui.css": "text/css; charset=utf-8",
}


@pytest.mark.parametrize("path", TYPES)
def test_each_file_has_its_type_and_is_revalidated(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == TYPES[path]
    assert answer.headers["cache-control"] == "no-cache"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/page/main.js", "/static-offline-docs/swagger-ui.css"])
def test_an_unchanged_file_is_not_sent_again(client: TestClient, path: str) -> None:
    tag = client.get(path).headers["etag"]
    again = client.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == "no-cache"
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/page/none.js",
        "/page/",
        "/page/../web/app.py",
        "/page/%2e%2e/config.py",
        "/page/api/",
        "/page/api/../../keys.py",
    ],
)
def test_other_files_are_not_served(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


@pytest.mark.parametrize("path", ["/", "/monitor", "/audit", "/docs", "/page/main.js"])
def test_head_is_supported_and_post_is_not(client: TestClient, path: str) -> None:
    assert client.head(path).status_code == 200
    assert client.post(path).status_code == 405


def test_the_page_is_configured_with_the_limits(serve: Callable[..., TestClient]) -> None:
    some = serve(limits=Limits(max_bytes=1000, max_pixels=2000))
    config = some.get("/page/config.json").json()
    assert config == {"kind": "server", "limits": {"bytes": 1000, "pixels": 2000}, "examples": []}
    small = serve(max_request_bytes=500)
    assert small.get("/page/config.json").json()["limits"]["bytes"] == 500


def test_the_page_needs_no_key(serve: Callable[..., TestClient], tmp_path: Path) -> None:
    add_key(tmp_path / "keys", "visitor", admin=False)
    locked = serve(key_file=tmp_path / "keys")
    assert all(locked.get(path).status_code == 200 for path in TYPES)
    assert locked.get("/model").status_code == 401


def test_the_page_conforms_to_the_content_security_policy() -> None:
    page = (PAGE / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"\sstyle=|\son\w+=|<style|javascript:", page)
    assert re.findall(r"<script(?![^>]*\ssrc=)", page) == []
    for path in sorted(PAGE.rglob("*.js")):
        code = path.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", code), (
            path
        )


def test_every_reference_has_its_file_and_none_is_external() -> None:
    page = (PAGE / "index.html").read_text(encoding="utf-8")
    named = re.findall(r'(?:src|href)="([^"#]+)"', page)
    pages = {"docs", "monitor"}
    assert {name for name in named if not name.startswith("page/")} == pages
    assert [name for name in named if name not in pages and not (PAGE / name.removeprefix("page/")).is_file()] == []
    for path in sorted(PAGE.rglob("*.js")):
        code = path.read_text(encoding="utf-8")
        imported = re.findall(r'(?:from|import\()\s*"(\.[^"]+)"', code)
        found = [(path.parent / name).resolve() for name in imported]
        assert [each for each in found if not (each.is_file() and each.is_relative_to(PAGE))] == [], path


def ids(page: str) -> set[str]:
    return set(re.findall(r'\bid="([\w-]+)"', (PAGE / page).read_text(encoding="utf-8")))


def uses(paths: Iterable[Path]) -> set[str]:
    """Ids that scripts use and do not create themselves."""
    code = "".join(path.read_text(encoding="utf-8") for path in paths)
    return set(re.findall(r'\$\("([\w-]+)"\)', code)) - set(re.findall(r'\bid: "([\w-]+)"', code))


def imported(path: Path) -> set[Path]:
    """Modules of the monitor that a module imports, with itself."""
    names = re.findall(r'from "\./([\w.]+)"', path.read_text(encoding="utf-8"))
    return {path}.union(*(imported(path.parent / name) for name in names))


def test_every_element_that_scripts_use_exists() -> None:
    scripts = [path for path in PAGE.rglob("*.js") if path.parent != MONITOR]
    assert uses(scripts) - ids("index.html") == set()


@pytest.mark.parametrize("name", ["monitor", "audit"])
def test_every_element_that_scripts_of_the_monitor_use_exists(name: str) -> None:
    scripts = imported(MONITOR / f"{name}.js")
    assert len(scripts) > 3
    shared = {"key-dialog", "key-why", "key", "key-use", "key-cancel", "notice"}  # of dialogs.js and notice.js
    assert (uses(scripts) | shared) - ids(f"monitor/{name}.html") == set()


@pytest.mark.parametrize("name", ["monitor", "audit"])
def test_the_monitor_s_pages_conform_to_the_policy_and_name_files_that_exist(name: str) -> None:
    page = (MONITOR / f"{name}.html").read_text(encoding="utf-8")
    assert not re.search(r"\sstyle=|\son\w+=|<style|javascript:", page)
    assert re.findall(r"<script(?![^>]*\ssrc=)", page) == []
    named = set(re.findall(r'(?:src|href)="([^"#]+)"', page))
    assert {each for each in named if not each.startswith("page/")} <= {"./", "audit", "monitor", "docs"}
    assert [each for each in named if each.startswith("page/") and not (PAGE.parent / each).is_file()] == []


def test_examples_need_no_key(serve: Callable[..., TestClient], tmp_path: Path) -> None:
    add_key(tmp_path / "keys.txt", "alice")
    client = serve(key_file=tmp_path / "keys.txt", examples=(Example(name="one", jpeg=b"\xff\xd8 and so on"),))
    (listed,) = client.get("/page/config.json").json()["examples"]
    assert listed["name"] == "one"
    response = client.get(listed["path"])
    assert (response.status_code, response.content) == (200, b"\xff\xd8 and so on")
    assert (response.headers["content-type"], response.headers["cache-control"]) == ("image/jpeg", "no-cache")
    assert client.head(listed["path"]).status_code == 200
    for path in ("/examples/2.jpg", "/examples/", "/examples/..%2fpage%2fmain.js"):
        assert client.get(path).status_code == 404
