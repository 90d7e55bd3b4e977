"""A bundle measured in a process of its own."""

import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from discern.errors import BundleError
from discern.shipping.measurement import measure
from tests.unit.shipping.factories import shipped


def test_a_bundle_is_measured_once_in_a_process_of_its_own(tmp_path: Path) -> None:
    bundle = shipped(tmp_path)
    ballast = np.ones(60_000_000)  # memory of this process, which the other one does not have
    found = bundle.measured
    assert bundle.measured is found
    assert ballast.nbytes > 4e8
    assert found.cold_start > 0
    assert found.milliseconds > 0
    assert found.to_json()["pictures"] == 10
    assert found.resident_gb is not None
    assert found.server_gb is not None
    assert 0.03 < found.resident_gb < 0.4
    assert found.resident_gb + 0.01 < found.server_gb < 0.5
    assert found.describe().startswith(f"Measured on this machine, on one core: {found.milliseconds:.1f} ms an answer")


@pytest.mark.parametrize("content", [None, b"no bundle"])
def test_what_is_no_bundle_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "model.discern"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BundleError, match=r"model\.discern"):
        measure(path)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the process in /proc")
def test_time_that_the_machine_is_stopped_does_not_count(tmp_path: Path) -> None:
    path, pause, stopped = shipped(tmp_path).path, 2.0, list[int]()
    children = Path(f"/proc/self/task/{threading.get_native_id()}/children")
    others = set(children.read_text().split())  # of earlier tests

    def stop_the_new_child() -> None:
        end = time.monotonic() + 60
        while not (found := set(children.read_text().split()) - others) and time.monotonic() < end:
            time.sleep(0.001)
        child = int(found.pop())
        os.kill(child, signal.SIGSTOP)
        time.sleep(pause)
        os.kill(child, signal.SIGCONT)
        stopped.append(child)

    thread = threading.Thread(target=stop_the_new_child)
    thread.start()
    start = time.perf_counter()
    cold_start = measure(path).cold_start
    taken = time.perf_counter() - start
    thread.join()
    assert stopped
    assert 0 < cold_start <= taken - pause


def test_the_memory_of_a_server_is_measured_on_request(tmp_path: Path) -> None:
    found = measure(shipped(tmp_path).path, server=False)
    assert found.resident_gb is not None
    assert found.server_gb is None
