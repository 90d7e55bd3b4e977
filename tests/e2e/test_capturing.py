"""`discern serve --capture`: nothing that was answered is lost, whatever happens to the server or the store."""

import contextlib
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import psycopg
import pytest

from discern.watching.captures.spool_mover import SpoolMover
from discern.watching.stores.open_exchanges import open_store
from tests.e2e.captured_load import Acknowledged, Load, compare, kill_group, server_group
from tests.e2e.server_process import PATIENCE, call_here, refusal, without_privilege
from tests.postgres_server import PostgresServer, postgres_server
from tests.unit.bundle.factories import write_small
from tests.unit.serving.web.conftest import DARK, RED, WHITE
from tests.waiting import wait_until

PICTURES = (RED, DARK, WHITE)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("served") / "model.discern")


def ask(address: str, content: bytes = RED) -> str:
    """Ask for a prediction; gives its id."""
    response = httpx2.post(address + "/predict", content=content, timeout=PATIENCE)
    assert response.status_code == 200, response.text
    return str(response.json()["id"])


def tell(address: str, exchange: str, label: str = "dark") -> httpx2.Response:
    return httpx2.post(address + "/feedback", json={"id": exchange, "label": label}, timeout=PATIENCE)


def metric(address: str, name: str) -> float:
    page = httpx2.get(address + "/metrics", timeout=PATIENCE).text
    found = re.search(rf"^{name} (\S+)$", page, re.MULTILINE)
    assert found, name
    return float(found[1])


def has(folder: Path | str, exchange: str) -> bool:
    with contextlib.closing(open_store(folder)) as store:
        return store.has(exchange)


@pytest.mark.slow
def test_two_workers_keep_all_and_take_each_other_s_feedback(bundle: Path, tmp_path: Path) -> None:
    kept = Acknowledged()
    with server_group(bundle, "--capture", tmp_path / "kept", "--workers", "2") as (address, process):
        for number in range(12):
            kept.answers.append(ask(address, PICTURES[number % 3]))
            for _ in range(3):
                assert tell(address, kept.answers[-1]).status_code == 200
        kept.feedback += kept.answers
        assert tell(address, "ab" * 16).status_code == 404
        assert metric(address, "discern_captured_exchanges_total") == 12
        assert metric(address, "discern_capture_lost_total") == 0
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
    found = compare(tmp_path / "kept", kept)
    assert (found.exchanges, found.missing, found.doubled, found.missing_feedback) == (12, 0, 0, 0)
    assert found.is_clean
    mode = (tmp_path / "kept/exchanges.sqlite").stat().st_mode & 0o777
    assert mode == 0o600


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_what_was_answered_outlives_a_killed_server(bundle: Path, tmp_path: Path, workers: int) -> None:
    """The same store is filled by servers that are killed under load at random moments, one after the other."""
    rng = random.Random(workers)
    acknowledged = Acknowledged()
    for _ in range(2):
        words = (bundle, "--capture", tmp_path / "kept", "--workers", str(workers))
        with server_group(*words) as (address, process), Load(address, PICTURES, acknowledged):
            time.sleep(rng.uniform(0.3, 2.5))
            kill_group(process)
    found = compare(tmp_path / "kept", acknowledged)
    assert len(acknowledged.answers) > 20
    assert (found.missing, found.doubled, found.missing_feedback) == (0, 0, 0)
    assert found.is_clean


@contextlib.contextmanager
def full_disk(process: "subprocess.Popen[str]", folder: Path) -> Iterator[None]:
    """Let no process of a server write a byte into any file."""
    resource = pytest.importorskip("resource")
    del folder
    with contextlib.ExitStack() as stack:
        for each in group_of(process):
            _, hard = resource.prlimit(each, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
            stack.callback(_allow, resource, each, hard)
        yield


def _allow(resource: object, each: int, hard: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        resource.prlimit(each, resource.RLIMIT_FSIZE, (hard, hard))  # type: ignore[attr-defined]


@contextlib.contextmanager
def read_only(process: "subprocess.Popen[str]", folder: Path) -> Iterator[None]:
    """Allow nobody to write into the spool; the segment that is open is removed."""
    del process
    for path in folder.glob("spool/*.spool"):
        path.unlink()
    (folder / "spool").chmod(0o500)
    try:
        yield
    finally:
        (folder / "spool").chmod(0o700)


@contextlib.contextmanager
def deleted(process: "subprocess.Popen[str]", folder: Path) -> Iterator[None]:
    """Delete the spool, and put a file in its place."""
    del process
    shutil.rmtree(folder / "spool")
    (folder / "spool").write_text("")
    try:
        yield
    finally:
        (folder / "spool").unlink()


def group_of(process: "subprocess.Popen[str]") -> list[int]:
    """Processes of a server's group."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.getpgid(int(path.name)) == process.pid:
                found.append(int(path.name))
    return found


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits the files of other processes")
@pytest.mark.parametrize("fault", [full_disk, read_only, deleted])
def test_answers_go_on_where_nothing_can_be_written_and_the_loss_is_counted(
    bundle: Path, tmp_path: Path, fault: Callable[..., contextlib.AbstractContextManager[None]]
) -> None:
    folder, log, prefix = tmp_path / "kept", tmp_path / "log", without_privilege()
    if prefix is None:
        pytest.skip("permissions do not apply to this user")
    with server_group(bundle, "--capture", folder, log=log, prefix=prefix) as (address, process):
        before = ask(address)
        wait_until(lambda: has(folder, before), PATIENCE, interval=0.1)
        with fault(process, folder):
            lost = [ask(address), ask(address)]
            assert tell(address, before).json()["kept"] is False
            assert metric(address, "discern_capture_lost_total") == 3
        after = ask(address)
        assert tell(address, after).json()["kept"] is True
        wait_until(lambda: has(folder, after), PATIENCE, interval=0.1)
        assert metric(address, "discern_capture_lost_total") == 3
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
    with contextlib.closing(open_store(folder)) as store:
        assert [store.has(each) for each in (before, *lost, after)] == [True, False, False, True]
        assert store.lost() == 3
    if fault is not full_disk:  # then not even the log can be written
        assert "could not be kept" in log.read_text()


@pytest.mark.slow
def test_a_locked_database_delays_nothing(bundle: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    with server_group(bundle, "--capture", folder) as (address, process):
        first = ask(address)
        wait_until(lambda: has(folder, first), PATIENCE, interval=0.1)
        locking = sqlite3.connect(folder / "exchanges.sqlite", isolation_level=None)
        locking.execute("BEGIN EXCLUSIVE")
        started = time.monotonic()
        kept = [ask(address, PICTURES[number % 3]) for number in range(30)]
        assert tell(address, kept[0]).status_code == 200
        assert time.monotonic() - started < 10
        assert metric(address, "discern_capture_lost_total") == 0
        assert metric(address, "discern_capture_waiting_bytes") > 0
        locking.execute("ROLLBACK")
        locking.close()
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
    found = compare(folder, Acknowledged(answers=[first, *kept], feedback=[kept[0]]))
    assert (found.missing, found.doubled, found.missing_feedback) == (0, 0, 0)


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@contextlib.contextmanager
def started_again(server: PostgresServer) -> Iterator[None]:
    """Start a database that was stopped, for as long as the context lasts."""
    owner = {"user": "nobody", "group": "nogroup"} if os.geteuid() == 0 else {}
    command = server.process.args
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=server.folder, **owner) as process:  # type: ignore[call-overload]
        try:
            wait_until(lambda: is_up(server), PATIENCE, interval=0.1)
            yield
        finally:
            process.send_signal(signal.SIGINT)


def is_up(server: PostgresServer) -> bool:
    with contextlib.suppress(psycopg.OperationalError):
        psycopg.connect(server.address()).close()
        return True
    return False


@pytest.mark.slow
def test_a_database_that_is_down_loses_nothing(bundle: Path, tmp_path: Path, postgres: PostgresServer) -> None:
    """While the server runs, and while it starts."""
    address_of_store = postgres.create("down")
    words = (bundle, "--capture", address_of_store, "--capture-pictures", tmp_path / "pictures")
    log = tmp_path / "log"
    with server_group(*words, "--capture-spool", tmp_path / "spool", log=log) as (address, process):
        kept = [ask(address)]
        wait_until(lambda: has(address_of_store, kept[0]), PATIENCE, interval=0.2)
        postgres.process.send_signal(signal.SIGINT)
        postgres.process.wait(PATIENCE)
        kept += [ask(address, DARK) for _ in range(5)]
        assert tell(address, kept[-1]).status_code == 200
        unknown = tell(address, "cd" * 16)
        assert (unknown.status_code, unknown.headers["Retry-After"]) == (503, "5")
        kill_group(process)
    with server_group(*words, "--capture-spool", tmp_path / "spool", log=log) as (address, _):
        kept.append(ask(address, WHITE))
        assert tell(address, kept[-2]).status_code == 200  # found in the spool
        assert metric(address, "discern_capture_lost_total") == 0
    assert "wait in the spool" in log.read_text()
    with started_again(postgres), contextlib.closing(open_store(address_of_store)) as store:
        SpoolMover(tmp_path / "spool", store).move()
        assert all(store.has(each) for each in kept)
        assert {each.exchange for _, each in store.feedback()} == {kept[-2]}


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--capture-days", "3"], "--capture-days has no effect without --capture"),
        (["--capture", "mysql://host/db"], "not kept in 'mysql' databases"),
        (["--capture", "model.discern"], "cannot"),
        (["--capture", "kept", "--capture-sample", "2"], "Invalid sampling"),
        (["--capture", "kept", "--capture-spool", "model.discern/spool"], "cannot be created"),
    ],
)
def test_a_store_that_cannot_be_used_is_refused_at_the_start(
    bundle: Path, tmp_path: Path, words: list[str], reason: str
) -> None:
    shutil.copy(bundle, tmp_path)
    assert reason in refusal(call_here(tmp_path, ["serve", "model.discern", "--port", "0", *words]))
