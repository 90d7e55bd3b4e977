"""docs/formats/http.md is true: its routes are the server's, and its requests have the responses that it shows."""

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.routing import Route

from discern.serving.config import ServeConfig
from discern.serving.keys import add_key
from discern.serving.web.app import create_app
from tests.e2e.format_pages import FOLDER, Checker, read_page
from tests.e2e.served import ready, started
from tests.e2e.server_process import PATIENCE
from tests.unit.bundle.factories import write_small
from tests.unit.serving.web.conftest import DARK, RED
from tests.waiting import wait_until

PAGE = FOLDER / "http.md"
ADDRESS = "http://127.0.0.1:8000"
KEYED = "With `--key-file`:"
LOG = "log.jsonl"


@dataclass(frozen=True)
class Response:
    """A response: documented, or received."""

    status: int
    headers: dict[str, str]
    body: str

    @classmethod
    def parse(cls, text: str) -> "Response":
        """Parse a response, behind any provisional one."""
        head, _, body = re.sub(r"\A(?:HTTP/1.1 1\d\d.*?\n\n)*", "", text.replace("\r", ""), flags=re.DOTALL).partition(
            "\n\n"
        )
        first, *lines = head.splitlines()
        headers = dict(line.lower().split(": ", 1) for line in lines)
        return cls(int(first.split()[1]), headers, body.strip())


@dataclass(frozen=True)
class Server:
    """Address of a server with keys, and two of these."""

    address: str
    key: str
    admin: str

    def send(self, method: str, path: str, content: bytes = b"") -> httpx2.Response:
        """Send a request with the key."""
        return httpx2.request(method, self.address + path, content=content, headers={"X-API-Key": self.key})


def prepare(folder: Path) -> None:
    """Write the files that the requests name."""
    write_small(folder / "vehicles.discern", name="vehicles", labels=("bicycle", "motorcycle"))
    for name, content in {"new.jpg": RED, "second.jpg": DARK, "notes.jpg": b"Ask in bay 2."}.items():
        (folder / name).write_bytes(content)


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """Start the server."""
    keys = folder / "keys.txt"
    key, admin = add_key(keys, "alice"), add_key(keys, "bob", admin=True)
    with (
        (folder / LOG).open("wb") as log,
        started(folder / "vehicles.discern", "--key-file", keys, "--capture", folder / "kept", stderr=log.fileno()) as (
            address,
            _,
        ),
    ):
        ready(address)
        yield Server(address, key, admin)


def ask(command: str, folder: Path, server: Server, *, keyed: bool) -> Response:
    """Run the shell lines of a request; one to a server without keys is sent with a key."""
    more = "" if keyed else '-H "X-API-Key: $KEY"'
    done = subprocess.run(
        ["bash", "-c", f'curl() {{ command curl -sSi {more} "$@"; }}\n{command.replace(ADDRESS, server.address)}'],
        cwd=folder,
        env=os.environ | {"KEY": server.key, "ADMIN": server.admin},
        capture_output=True,
        text=True,
        check=True,
    )
    return Response.parse(done.stdout)


def examples() -> list[tuple[str, Response, bool]]:
    """Requests of the page, with their documented responses, and whether the server has keys."""
    text = PAGE.read_text("utf-8")
    found = re.finditer(r"^```sh\n(.*?)^```\n\n```http\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(each[1], Response.parse(each[2]), KEYED in text[: each.start()] or "$ADMIN" in each[1]) for each in found]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("requests")
    prepare(folder)
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with serving(folder) as found:
        yield found


@pytest.fixture(scope="module")
def app(folder: Path) -> Any:
    """The application behind its guard."""
    return vars(create_app(ServeConfig(bundles=(str(folder / "vehicles.discern"),), watch=False)))["_app"]


def documented_routes() -> dict[str, str]:
    """Routes of the table, and the key that each needs."""
    (table,) = read_page("http.md").tables["http"]
    return {row["Route"].strip("`"): row["Needs a key"] for row in table}


def same_shape(shown: Any, real: Any, at: str = "") -> Iterator[str]:
    """Yield the places where two JSON values differ in keys or types."""
    numbers = (int, float)
    if type(shown) is not type(real) and not (type(shown) in numbers and type(real) in numbers):
        yield f"{at or 'it'}: {shown!r:.40} is shown, {real!r:.40} was sent"
    elif isinstance(shown, dict):
        if differing := shown.keys() ^ real.keys():
            yield f"{at or 'it'}: only one has {', '.join(sorted(differing))}"
        for key in shown.keys() & real.keys():
            yield from same_shape(shown[key], real[key], f"{at}.{key}")
    elif isinstance(shown, list):
        if len(shown) != len(real):
            yield f"{at or 'it'}: {len(shown)} are shown, {len(real)} were sent"
        for place, pair in enumerate(zip(shown, real, strict=False)):
            yield from same_shape(*pair, f"{at}[{place}]")


def endpoints(routes: Any) -> Iterator[Any]:
    """Yield all routes, also those of included routers, which later versions of FastAPI keep apart."""
    for each in routes:
        inner = getattr(each, "original_router", None)
        yield from [each] if inner is None else endpoints(inner.routes)


def served(app: Any) -> set[str]:
    """Methods and paths of all routes, without HEAD."""
    found = [each for each in endpoints(app.routes) if isinstance(each, Route)]
    return {f"{method} {each.path}" for each in found for method in each.methods or () if method != "HEAD"}


def test_all_routes_are_documented(app: Any) -> None:
    assert documented_routes().keys() == served(app)
    mounted = {f"`{each.path}/`" for each in endpoints(app.routes) if not isinstance(each, Route)}
    assert len(mounted) == 2
    assert {name for name in mounted if name in read_page("http.md").prose["http"]} == mounted


def test_every_route_for_programs_has_an_example(app: Any) -> None:
    pages = {"GET /", "GET /docs", "GET /openapi.json", "GET /examples/{name}", "GET /static-offline-docs/docs.js"}
    pages |= {each for each in served(app) if re.match(r"GET /(monitor|audit)\b", each)}  # with what they show
    aliases = {route for route in served(app) if "/versions/" in route}
    text = PAGE.read_text("utf-8")
    sections = re.findall(
        r"^#+ ((?:GET|POST) [^\n]*)\n(.*?)(?=^## |^### (?:GET|POST)|\Z)", text, re.MULTILINE | re.DOTALL
    )
    assert pages < served(app)
    shown = [re.search(r"^```http\n", body, re.MULTILINE) or name == "POST /predict" for name, body in sections]
    assert {name for name, _ in sections} == served(app) - pages - aliases
    assert all(shown)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_requests_have_the_documented_responses(folder: Path, server: Server) -> None:
    assert len(examples()) >= 20
    for command, shown, keyed in examples():
        real = ask(command, folder, server, keyed=keyed)
        assert (real.status, real.headers["content-type"]) == (shown.status, shown.headers["content-type"]), command
        assert shown.headers.keys() <= real.headers.keys()
        if "json" in shown.headers["content-type"]:
            assert list(same_shape(json.loads(shown.body), json.loads(real.body))) == [], command
        else:
            metrics = {line.partition("{")[0] for line in real.body.splitlines()}
            assert {line.partition("{")[0] for line in shown.body.splitlines()} <= metrics


@pytest.mark.slow
def test_predictions_have_the_documented_types(server: Server) -> None:
    checker = Checker()
    for content in (RED, DARK):
        checker.check_object(server.send("POST", "/predict?evidence=true", content).json(), "http.md", "prediction")
    assert checker.problems == []


@pytest.mark.slow
def test_keys_are_needed_where_the_table_says_so(server: Server) -> None:
    with httpx2.Client(base_url=server.address) as client:
        for route, needed in documented_routes().items():
            method, path = route.replace("{name}", "vehicles").replace("{version}", "1").split()
            without = client.request(method, path).status_code
            with_key = client.request(method, path, headers={"X-API-Key": server.key}).status_code
            assert (without == 401) == (needed in ("yes", "admin")), route
            assert (with_key == 403) == (needed == "admin"), route
            assert with_key != 401, route


def test_a_model_is_described_by_the_named_parts_of_its_manifest() -> None:
    shown = next(json.loads(shown.body) for command, shown, _ in examples() if command.endswith("/model\n"))
    (left_out,) = re.findall(r" without (.*?)\.", read_page("http.md").prose["get-model"], re.DOTALL)
    manifest = read_page("bundle.md").types("bundlejson").keys() - set(re.findall(r"`(\w+)`", left_out))
    assert shown.keys() == manifest | {"fingerprint", "card", "models", "capture"}
    limits = read_page("bundle.md").types("thresholds").keys() - {"label_set", "false_rejection"}
    assert shown["thresholds"].keys() == limits | {"set"}


def test_routes_that_answer_head_are_named(app: Any) -> None:
    routes = [each for each in endpoints(app.routes) if isinstance(each, Route)]
    (sentence,) = re.findall(
        r"^`HEAD` is answered at (.*?)\. ", read_page("http.md").prose["http"], re.DOTALL | re.MULTILINE
    )
    assert set(re.findall(r"`(/[^`]*)`", sentence)) == {each.path for each in routes if "HEAD" in (each.methods or ())}


@pytest.mark.slow
def test_the_server_s_metrics_are_documented(server: Server) -> None:
    exchange = server.send("POST", "/predict", RED).json()["id"]
    server.send("POST", "/feedback", json.dumps({"id": exchange, "label": "bicycle"}).encode())
    server.send("POST", "/predict", b"no picture")
    text = server.send("GET", "/metrics").text
    families = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE))
    tables = read_page("http.md").tables
    rows = [row for name in ("get-metrics", "metrics-with---capture") for table in tables[name] for row in table]
    of_looks = {"discern_drift_evidence", "discern_alarms", "discern_live_accuracy", "discern_audit_waiting"}
    of_looks |= {"discern_look_age_seconds"}  # without a value before the first look
    for row in rows:
        name = row["Metric"].strip("`")
        family = f"{name}_total" if f"{name}_total" in families else name
        assert families[family] == row["Type"]
        if name in of_looks:
            continue
        labels = re.search(rf"^{family}(?:_bucket)?(?:\{{(.*?)\}})? ", text, re.MULTILINE)
        assert labels, name
        assert set(re.findall(r'(\w+)="', labels[1] or "")) - {"le"} == set(filter(None, row["Labels"].split(", ")))
    documented = {row["Metric"].strip("`") for row in rows}
    assert {name.removesuffix("_total") for name in families if not name.endswith("_created")} == documented


@pytest.mark.slow
def test_lines_of_the_log_have_the_documented_keys(server: Server, folder: Path) -> None:
    sent = server.send("GET", "/model")

    def lines() -> list[Any]:
        return [
            json.loads(line) for line in (folder / LOG).read_text("utf-8").splitlines(keepends=True) if "\n" in line
        ]

    wait_until(lambda: any(line.get("id") == sent.headers["x-request-id"] for line in lines()), PATIENCE)
    checker = Checker()
    for line in lines():
        checker.check_object(line, "http.md", "log")
    assert checker.problems == []
    assert {key for key in checker.unseen("http.md") if key.startswith("log.")} <= {"log.refused_between", "log.trace"}


@pytest.mark.slow
def test_lines_of_the_key_file_have_the_documented_form(server: Server, folder: Path) -> None:
    words = read_page("http.md").prose["key-file"]
    lines = [line.split() for line in (folder / "keys.txt").read_text("utf-8").splitlines()]
    assert "`name kind sha256`" in words
    assert [(name, kind) for name, kind, _ in lines] == [("alice", "ask"), ("bob", "admin")]
    assert all(f"`{kind}`" in words for _, kind, _ in lines)
    assert lines[0][2] == hashlib.sha256(server.key.encode()).hexdigest()
