"""The scones example runs whole, from python batches of several forms."""

import hashlib
import http.server
import json
import os
import socket
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from examples.scones import batches, scones
from examples.scones.other_vehicles import add_vehicles, write_pictures
from examples.steps import StepFailed
from PIL import Image

import discern

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Class folders of pictures of 32 px, as the pack of real ones has."""
    folder = tmp_path_factory.mktemp("pack")
    random = np.random.default_rng(0)
    for part, count in (("train", 3), ("test", 2)):
        for label in batches.CLASSES:
            (folder / part / label).mkdir(parents=True)
            for number in range(count):
                image = Image.fromarray(random.integers(0, 256, (32, 32, 3), np.uint8).astype(np.uint8))
                image.convert("RGBA").save(folder / part / label / f"{label}_{number}.png")
    return folder


@pytest.fixture(scope="module")
def folder(pack: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python batches."""
    out = tmp_path_factory.mktemp("batches") / batches.FOLDER
    assert batches.fetch(pack, out) == "subset"
    return out


def archive(folder: Path, path: Path, *, without: str = "", top: str = batches.FOLDER) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name in batches.FILES:
            if name != without:
                tar.add(folder / name, arcname=f"{top}/{name}")
        link = tarfile.TarInfo("train")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    return path


def contents(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("form", ["folder", "parent", "archive", "archive without folder"])
def test_a_local_copy_is_taken_in_each_form(form: str, folder: Path, tmp_path: Path) -> None:
    source = {
        "folder": lambda: folder,
        "parent": lambda: folder.parent,
        "archive": lambda: archive(folder, tmp_path / "cifar.tar.gz"),
        "archive without folder": lambda: archive(folder, tmp_path / "cifar.tar.gz", top="."),
    }[form]()
    assert batches.fetch(source, tmp_path / "out") == "subset"
    assert contents(tmp_path / "out") == contents(folder)


def test_pixels_and_labels_survive(pack: Path, folder: Path, tmp_path: Path) -> None:
    written = write_pictures(folder, tmp_path, tuple(batches.CLASSES))
    assert {part: len(files) for part, files in written.items()} == {"train": 6, "test": 4}

    def pixels(root: Path) -> list[tuple[str, bytes]]:
        files = sorted(root.rglob("*.png"))
        return sorted(
            (f"{path.parent.parent.name}/{path.parent.name}", Image.open(path).convert("RGB").tobytes())
            for path in files
        )

    assert pixels(tmp_path) == pixels(pack)
    assert discern.read(folder).labels == ("bicycle", "motorcycle")


def test_an_unusable_copy_is_refused_with_the_remedy(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "text.tar.gz").write_text("hello")
    (tmp_path / "empty").mkdir()
    for name, size in (("large", 33), ("few", 32)):
        for label in batches.CLASSES if name == "large" else ("bicycle",):
            (tmp_path / name / "train" / label).mkdir(parents=True)
            Image.new("RGB", (size, size)).save(tmp_path / name / "train" / label / "0.png")
    sources = {
        tmp_path / "large": "has 33 x 33 px",
        tmp_path / "few": "lacks PNG files of one of: bicycle, motorcycle",
        tmp_path / "text.tar.gz": "is not a readable archive",
        tmp_path / "none.tar.gz": "is not a readable archive",
        archive(folder, tmp_path / "meta.tar.gz", without="meta"): "has no file meta",
        tmp_path / "empty": "has no file meta",
    }
    for number, (source, message) in enumerate(sources.items()):
        with pytest.raises(StepFailed, match=message) as refused:
            batches.fetch(source, tmp_path / f"out{number}")
        assert "DATA=" in str(refused.value)
        assert "DISCERN_TEST_DATA" in str(refused.value)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Server that answers every request with ten bytes."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"0123456789")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/cifar.tar.gz"
        server.shutdown()


def test_a_download_is_checked(address: str, tmp_path: Path) -> None:
    path, md5 = tmp_path / "a", hashlib.md5(b"0123456789").hexdigest()
    assert batches.download(path, address, md5=md5).read_bytes() == b"0123456789"
    with pytest.raises(StepFailed, match="sent another file"):
        batches.download(path, address)
    assert not path.exists()
    with pytest.raises(StepFailed, match="more than 9 bytes"):
        batches.download(path, address, md5=md5, max_bytes=9)
    assert not path.exists()


def test_offline_the_remedies_are_named(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(StepFailed, match=r"There is no local copy.*cannot be read.*DATA=.*DISCERN_TEST_DATA"):
            batches.download(tmp_path / "a", f"http://127.0.0.1:{closed.getsockname()[1]}/a")
    assert not (tmp_path / "a").exists()


def test_without_other_vehicles_some_are_drawn(folder: Path, tmp_path: Path) -> None:
    assert add_vehicles(folder, tmp_path / "vehicles", stand_ins=None) == "rendered"
    assert {path.name for path in (tmp_path / "vehicles/train").iterdir()} == {"bus", "pickup_truck"}
    files = list((tmp_path / "vehicles").rglob("*.png"))
    assert len({path.read_bytes() for path in files}) == len(files) == 360


def test_all_steps_have_a_function() -> None:
    assert tuple(scones.EXAMPLE.steps) == scones.EXAMPLE.required


@pytest.mark.slow
@pytest.mark.real
def test_the_example_runs_whole(real_data: Path, tmp_path: Path) -> None:
    out, own = tmp_path / "out", {"DISCERN_TEST_DATA": str(real_data), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "examples", "scones", "--pictures", "12", "--out", str(out)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | own, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads((out / "result.json").read_text())
    assert [row["name"] for row in result["steps"]] == list(scones.STEPS)
    assert all(row["ok"] and row["sha256"] and Path(row["artefact"]).exists() for row in result["steps"])
    assert result["data"] == "subset"
    assert result["ours"]["low"] < result["ours"]["value"] < result["ours"]["high"]
    assert result["ours"]["low"] > result["published"]["validation_accuracy"]["peak"]
    assert {row["name"]: row["data"] for row in result["steps"] if "data" in row} == {"more classes": "stand-in"}
    filters = json.loads((out / "06-threshold-filter/filter.json").read_text())["filters"]
    plain, own_filter = filters["plain threshold of .75"], filters["at most 2% wrong"]
    assert own_filter["passed"] < plain["passed"]
    assert own_filter["wrong"] <= plain["wrong"]
    assert {path.name for path in (out / "14-notebook-stopper").iterdir()} >= {"BUDGET.md", "break_even.svg"}
    assert_trained_without_test_pictures(out)


def assert_trained_without_test_pictures(out: Path) -> None:
    """Neither the pictures of the training nor those that set the thresholds are among the tested ones."""

    def contents_of(part: str) -> set[str]:
        paths = [line.split("\t")[2] for line in (out / f"04-lst/{part}.lst").read_text().splitlines()]
        return {hashlib.sha256((out / "04-lst" / path).read_bytes()).hexdigest() for path in paths}

    trained = set(discern.open_run(out / "05-built-in-training/scones").catalog.table["content"])
    tested = contents_of("test")
    assert trained == contents_of("train")
    assert not trained & tested
    answers = discern.open_run(out / "06-threshold-filter/test").answers
    assert len(answers) == len(tested)
    assert not answers["set_thresholds"].any()
