"""Nothing is sent but to loopback, no name is asked for, and no file is left outside cache and runs."""

import importlib.metadata
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e import product_session
from tests.integration.workspace import write_backbone
from tests.network_namespace import SINKHOLE, Observed, missing_reason, observe
from tests.unit.training.factories import write_colours

pytestmark = pytest.mark.slow

WAIT = 15
"""Seconds that a server and a loaded model are observed; ONNX Runtime alone reports after less than ten."""

# Settings of the host that must not make Discern speak.
TALKATIVE = {
    "ORT_DISABLE_TELEMETRY": "0",
    "FASTAPI_OTEL_AUTO_CONFIGURE": "true",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector.example.org:4318",
    **dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://proxy.example.org:3128"),
    "no_proxy": "",
}
# Nothing else is passed on: ONNX Runtime is silent where a variable such as CI tells it that it runs in a build.
PLAIN = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG") if name in os.environ}
NOISY = """
import os, socket, subprocess
print(socket.getaddrinfo("Name.example.org", 443, socket.AF_INET)[0][4][0])
for address in (("203.0.113.9", 8443), ("name.example.org", 443), ("127.0.0.1", 9)):
    socket.socket().connect_ex(address)
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 514))
for folder in (os.environ["HOME"], os.environ["XDG_CACHE_HOME"] + "/discern", "/dev/shm"):
    os.makedirs(folder, exist_ok=True)
    open(folder + "/left", "w").close()
subprocess.Popen(["sleep", "1000"])
"""
TOO_LATE = """
import os
import onnxruntime
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import discern
(found,) = [each for each in discern.doctor().diagnoses if each.name == "telemetry"]
print(found.passed)
"""
_EXTERNAL = re.compile(
    r"""(?:\b(?:src|href|action|poster|data)\s*=|url\(|import\(?|fetch\()\s*["']?\s*(?:https?:)?//"""
)


@pytest.fixture(scope="module", autouse=True)
def _namespaces() -> None:
    if why := missing_reason():
        pytest.skip(why)


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as opened:
        yield opened


@pytest.fixture(scope="module", autouse=True)
def waiting(pool: ThreadPoolExecutor, tmp_path_factory: pytest.TempPathFactory) -> Future[Observed]:
    """The engine without Discern, observed while the other tests run."""
    return pool.submit(
        observe,
        tmp_path_factory.mktemp("engine"),
        [
            sys.executable,
            "-c",
            f"import onnxruntime, time; time.sleep({2 * WAIT})",
        ],  # a loaded machine is late
        environment=PLAIN | {"ORT_DISABLE_TELEMETRY": "0"},
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of pictures, a backbone, and the results of the whole session."""
    folder = tmp_path_factory.mktemp("observed")
    write_backbone(folder / "colour.onnx")
    write_colours(folder / "photos")
    write_colours(folder / "others", each=8, seed=5)
    return folder


@pytest.fixture(scope="module")
def session(folder: Path) -> Observed:
    """All commands, a server and a program with a loaded model, on a host whose settings ask for reports."""
    return observe(
        folder,
        [
            *(sys.executable, product_session.__file__, "whole", folder / "photos", folder / "others", str(WAIT)),
            *(product_session.copy_engine(folder), "--backbone", folder / "colour.onnx"),
        ],
        environment=PLAIN | TALKATIVE,
        expected=[f"work/{name}" for name in product_session.RESULTS],
        timeout=200,
    )


def test_whatever_leaves_the_machine_or_stays_on_it_is_recorded(tmp_path: Path) -> None:
    found = observe(tmp_path, [sys.executable, "-c", NOISY])
    assert (found.code, found.output.strip(), found.lost) == (0, SINKHOLE, 0)
    assert found.names.keys() == {"name.example.org"}
    assert found.packets.keys() == {"tcp 203.0.113.9:8443", f"tcp {SINKHOLE}:443", "udp 192.0.2.1:514"}
    assert {str(tmp_path / "home/left"), "/dev/shm/left"} >= set(found.left) >= {str(tmp_path / "home/left")}
    assert found.processes == ["sleep 1000"]


def test_no_command_sends_or_leaves_anything(session: Observed) -> None:
    assert (session.names, session.packets, session.lost) == ({}, {}, 0)
    assert (session.left, session.processes) == ([], [])
    assert session.code == 0, session.output
    assert set(json.loads(session.output).values()) == {0}, session.output


def test_no_document_loads_anything_from_elsewhere(session: Observed, folder: Path) -> None:
    written = [path for path in (folder / "work").rglob("*") if path.suffix in (".html", ".js", ".css", ".svg")]
    assert {"report.html", "sheet.html", "index.html"} <= {path.name for path in written}
    found = {path.name: _EXTERNAL.findall(path.read_text(encoding="utf-8")) for path in written}
    assert {name: hits for name, hits in found.items() if hits} == {}


def test_the_doctor_notices_that_telemetry_was_disabled_too_late(tmp_path: Path) -> None:
    found = observe(tmp_path, [sys.executable, "-c", TOO_LATE], environment=PLAIN | {"ORT_DISABLE_TELEMETRY": ""})
    assert found.code == 0, found.output
    reports = any(name.endswith("onnxruntime.db") for name in found.left)
    assert found.output.strip() == str(not reports)


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_a_download_asks_for_one_name_and_leaves_nothing_in_the_home(tmp_path: Path) -> None:
    code = "import pathlib, discern.serving.browser_engine as engine; engine.load_engine(pathlib.Path('cached'))"
    environment = {name: text for name, text in os.environ.items() if not name.lower().startswith("npm_")}
    found = observe(tmp_path, [sys.executable, "-c", code], environment=environment, expected=["work/cached"])
    assert "npm could not download" in found.output
    assert len(found.names) <= 1  # a registry that is set for the whole machine may be named by its address
    assert found.left == []


def test_the_engine_alone_would_report(waiting: Future[Observed]) -> None:
    version = tuple(map(int, importlib.metadata.version("onnxruntime").split(".")[:2]))
    if version < (1, 29):
        pytest.skip("this version of ONNX Runtime has no telemetry")
    found = waiting.result()
    assert found.names, "it reports later: observe for longer"
    assert found.packets.keys() == {f"tcp {SINKHOLE}:443"}
    assert [path for path in found.left if path.endswith("/deviceid")]
