"""Sink: it keeps the contract, and what it has acknowledged reaches the store after its process is killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from discern.inference.exchange import Exchange, Feedback
from discern.inference.testing import CaptureSinkContract
from discern.watching.captures.capture_config import CaptureConfig
from discern.watching.captures.spool_mover import SpoolMover
from discern.watching.captures.spool_segment import list_segments
from discern.watching.captures.spool_sink import SpoolSink
from discern.watching.stores.open_exchanges import open_store
from tests.unit.full_disk import full_disk
from tests.unit.inference.factories import make_exchange, make_feedback
from tests.unit.watching.captures.stores import MemoryStore

PATIENT = 60  # seconds, as the machine may be busy


def config_of(folder: Path, **changes: object) -> CaptureConfig:
    return CaptureConfig(**({"store": str(folder / "captured")} | changes))


class TestContract(CaptureSinkContract):
    @pytest.fixture(autouse=True)
    def _disk(self) -> Iterator[None]:
        self._stack = ExitStack()
        yield
        self._stack.close()

    def sink(self, folder: Path) -> SpoolSink:
        return SpoolSink(config_of(folder), transfers=False)

    def kept(self, folder: Path) -> tuple[list[Exchange], list[Feedback], int]:
        store = MemoryStore()
        SpoolMover(config_of(folder).spool_folder, store).move()
        return list(store.exchanges.values()), store.given, store.lost

    def break_down(self, folder: Path) -> None:
        self._stack.enter_context(full_disk())

    def repair(self, folder: Path) -> None:
        self._stack.close()


def test_the_settings_decide_on_sampling_and_pictures(tmp_path: Path) -> None:
    sink = SpoolSink(config_of(tmp_path, sample="doubtful", keep_pictures=False), transfers=False)
    assert not sink.keeps_pictures
    assert sink.sampling("ab", "review") == 1
    assert {sink.sampling(f"{number:x}", "accept") for number in range(200)} == {0.0, 0.05}
    sink.close()


def test_closing_moves_what_is_waiting_to_the_store(tmp_path: Path) -> None:
    sink = SpoolSink(config_of(tmp_path), close_seconds=PATIENT)
    assert sink.keep([make_exchange(number) for number in range(3)]) == 3
    assert sink.keep_feedback(make_feedback(1))
    sink.close()
    store = open_store(str(tmp_path / "captured"))
    assert len(store.columns()) == 3
    assert list(store.columns().truth) == [None, "dark", None]
    store.close()
    assert list_segments(config_of(tmp_path).spool_folder) == []
    assert sink.keep([make_exchange(9)]) == 0


WRITER = """
import pathlib, sys, time
from discern.watching.captures.spool_sink import SpoolSink
from tests.unit.inference.factories import make_exchange
from tests.unit.watching.captures.test_spool_sink import config_of
sink, number = SpoolSink(config_of(pathlib.Path(sys.argv[1]))), int(sys.argv[2])
while True:
    number += 1
    if sink.keep([make_exchange(number)]):
        print(number, flush=True)
    time.sleep(0.001)  # else the pipe fills with more exchanges than the test needs
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals need POSIX")
def test_whatever_was_acknowledged_is_in_the_store_after_kills(tmp_path: Path) -> None:
    acknowledged: set[int] = set()
    for attempt in range(3):
        command = [sys.executable, "-c", WRITER, tmp_path, str(attempt * 1_000_000)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            for _ in range(100 + 200 * attempt):
                acknowledged.add(int(writer.stdout.readline()))
            writer.send_signal(signal.SIGKILL)
            acknowledged.update(int(line) for line in writer.stdout.read().splitlines())
    SpoolSink(config_of(tmp_path), close_seconds=PATIENT).close()
    store = open_store(str(tmp_path / "captured"))
    found = [int(each, 16) for each in store.columns().id]
    store.close()
    assert acknowledged <= set(found)
    assert len(found) == len(set(found)) <= len(acknowledged) + 3
