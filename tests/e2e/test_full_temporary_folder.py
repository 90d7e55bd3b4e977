"""Several workers answer, count and reload without a temporary folder, or with one that is full."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from discern.serving.keys import add_key
from tests.e2e.served import ready, started
from tests.e2e.server_process import PATIENCE
from tests.unit.bundle.factories import write_small
from tests.unit.serving.web.conftest import RED
from tests.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="mounts a small file system")]


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """Mount a small file system in memory."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not permitted")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)


def fill(folder: Path) -> None:
    """Use all space and all inodes of a file system."""
    for number in range(1000):
        try:
            with (folder / f"filler.{number}").open("wb", buffering=0) as file:
                for _ in range(64):
                    file.write(bytes(4096))
        except OSError:
            if number and not (folder / f"filler.{number}").exists():
                return


def remove(folder: Path) -> None:
    for path in folder.iterdir():
        shutil.rmtree(path)


@pytest.mark.parametrize("spoil", [fill, remove])
def test_workers_need_no_temporary_folder(
    tmp_path: Path, spoil: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = write_small(tmp_path / "m.discern")
    boss = {"X-API-Key": add_key(tmp_path / "keys.txt", "boss", admin=True)}
    with mounted(tmp_path / "small", "size=1m,nr_inodes=100") as folder:
        monkeypatch.setenv("TMPDIR", str(folder))
        words = ("--workers", "2", "--key-file", tmp_path / "keys.txt", "--no-watch")
        with started(bundle, *words, stderr=subprocess.PIPE) as (address, process):
            ready(address)
            spoil(folder)
            # Each label value of a metric is new to a worker at some time.
            for number in range(30):
                response = httpx2.post(address + "/predict", content=RED, headers=boss, timeout=PATIENCE)
                assert response.status_code == 200
                httpx2.get(f"{address}/unknown/{number}", headers=boss)
            wait_until(lambda: 'model="colours"} 30.0' in metrics(address, boss), PATIENCE, interval=0.1)
            write_small(bundle, version="2")
            reloaded = httpx2.post(address + "/admin/reload", headers=boss, timeout=PATIENCE)
            assert reloaded.json() == {"reloaded": ["colours"]}
            wait_until(lambda: versions(address, boss) == {"2"}, PATIENCE, interval=0.5)
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert "ended" not in err


def metrics(address: str, headers: dict[str, str]) -> str:
    return httpx2.get(address + "/metrics", headers=headers, timeout=PATIENCE).text


def versions(address: str, headers: dict[str, str]) -> set[str]:
    """Versions of the bundle on connections of their own, most likely to both workers."""
    return {httpx2.get(address + "/model", headers=headers).json()["version"] for _ in range(8)}
