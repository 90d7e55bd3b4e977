"""What `make networked` does, against a server on loopback; its real downloads are a part of no test."""

import hashlib
import importlib.util
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import polars as pl
import pytest
from tools import networked

from discern.errors import BackboneError
from discern.flow.train import TrainResult
from tests.integration.workspace import Workspace

CONTENT = b"weights" * 1000
NAME = f"resnet50-{hashlib.sha256(CONTENT).hexdigest()[:8]}.pth"


@contextmanager
def serve(body: bytes, *, status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """Serve one body under any path; yields the address, and the paths that are requested."""
    requests: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/models", requests
        finally:
            server.shutdown()
            thread.join()


def test_a_file_is_downloaded_once(tmp_path: Path) -> None:
    with serve(CONTENT) as (origin, requests):
        for _ in range(2):
            assert networked.fetch(NAME, tmp_path / "weights", origin=origin).read_bytes() == CONTENT
        assert requests == [f"/models/{NAME}"]


def test_a_damaged_file_at_hand_is_downloaded_again(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(CONTENT[:-1])
    with serve(CONTENT) as (origin, requests):
        assert networked.fetch(NAME, tmp_path, origin=origin).read_bytes() == CONTENT
        assert len(requests) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [(CONTENT[:100], 200), (bytes([CONTENT[0] ^ 1]) + CONTENT[1:], 200), (b"Not here.", 404)],
    ids=["short", "flipped bit", "missing"],
)
def test_another_file_is_refused_and_not_kept(tmp_path: Path, body: bytes, status: int) -> None:
    with serve(body, status=status) as (origin, _), pytest.raises(BackboneError) as error:
        networked.fetch(NAME, tmp_path, origin=origin)
    assert f"save it as {tmp_path / NAME}" in error.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    with serve(CONTENT) as (origin, _):
        pass
    with pytest.raises(BackboneError, match="cannot be downloaded"):
        networked.fetch(NAME, tmp_path, origin=origin)


def test_networks_that_cannot_be_had_are_reported_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serve(CONTENT) as (origin, requests):
        assert networked.fetch_all(["resnet50", "vgg16"], tmp_path, origin=origin) == []
    assert requests == ["/models/resnet50-11ad3fa6.pth", "/models/vgg16-397923af.pth"]
    assert capsys.readouterr().err.count("which is not that in its name") == 2


def test_the_pinned_files_are_those_of_torchvision() -> None:
    # Its sources are read, since it takes seconds to import.
    found = importlib.util.find_spec("torchvision")
    if found is None or found.origin is None:
        pytest.skip("torchvision is not installed")
    sources = "".join(path.read_text() for path in (Path(found.origin).parent / "models").glob("*.py"))
    for file in networked.FILES.values():
        assert f"{networked.ORIGIN}/{file}" in sources


def test_only_networks_at_hand_are_trained() -> None:
    assert list(networked.models([])) == ["lite0"]
    assert networked.models(["resnet50", "dinov2-small"]) == {
        "lite0": {"backbone": "lite0"},
        "resnet50": {"backbone": "torchvision/resnet50"},
        "dinov2-small": {"backbone": "dinov2-small"},
        "resnet50-finetune": {"backbone": "torchvision/resnet50", "method": "finetune"},
    }


def test_runs_are_a_table_with_differences_to_the_first(trained: TrainResult, tmp_path: Path) -> None:
    runs = [shutil.copytree(trained.run, tmp_path / f"colours-{name}") for name in ("lite0", "vgg16")]
    answers = pl.read_parquet(runs[1] / "answers.parquet")
    answers.with_columns(pl.lit("red").alias("answer")).write_parquet(runs[1] / "answers.parquet")
    table = networked.compare("colours", runs, tmp_path)
    first, second = (line.split(" | ") for line in table.splitlines() if line.startswith(("| lite0", "| vgg16")))
    assert first[2] == ""
    assert second[2].startswith("-")
    assert (tmp_path / "colours.html").exists()
    assert networked.compare("colours", runs[:1], tmp_path) == "colours: fewer than two models to compare.\n"


@pytest.mark.slow
def test_packs_are_trained_and_a_missing_network_makes_it_fail(
    tmp_path: Path, shared_workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shared_workspace.photos
    with serve(b"", status=503) as (origin, _):
        out = str(tmp_path / "out")
        arguments = ["--data", str(folder.parent), "--packs", folder.name, "--out", out, "--networks", "vgg16"]
        assert networked.main(arguments, origin=origin) == 1
    assert "fewer than two models to compare" in capsys.readouterr().out
    assert (tmp_path / "out" / "runs" / f"{folder.name}-lite0" / "model.discern").exists()
