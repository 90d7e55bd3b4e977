"""Log lines are written by a thread: nothing waits for the output, and lost lines are counted."""

import io
import logging
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TextIO

import pytest

from discern.serving.web.log_writer import BackgroundHandler
from tests.waiting import wait_until

FULL = Path("/dev/full")


def record(message: str) -> logging.LogRecord:
    return logging.LogRecord("discern", logging.INFO, "", 0, message, (), None)


@pytest.fixture
def pipe() -> Iterator[tuple[int, TextIO]]:
    """A pipe that is read by hand; gives the end to read and a stream that writes."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        yield reading, stream
    os.close(reading)


def read_lines(descriptor: int, until: str) -> list[str]:
    """Read lines up to one that contains a text."""
    text = ""
    while until not in text or not text.endswith("\n"):
        text += os.read(descriptor, 65_536).decode()
    return text.splitlines()


def test_lines_are_written_in_order(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as stream:
        handler = BackgroundHandler(stream)
        for number in range(100):
            handler.handle(record(f"line {number}"))
        handler.close()
        handler.close()
    assert (tmp_path / "log").read_text() == "".join(f"line {number}\n" for number in range(100))


def test_a_stream_without_a_descriptor_is_written_to() -> None:
    stream = io.StringIO()
    handler = BackgroundHandler(stream)
    handler.handle(record("a line"))
    handler.close()
    assert stream.getvalue() == "a line\n"


def test_no_stream_and_closed_streams_lose_lines_only(tmp_path: Path) -> None:
    closed = (tmp_path / "log").open("w")
    closed.close()
    for stream in (None, closed):
        handler = BackgroundHandler(stream)
        handler.handle(record("lost"))
        handler.close()


def test_a_stalled_reader_delays_nothing_and_lost_lines_are_counted(pipe: tuple[int, TextIO]) -> None:
    reading, stream = pipe
    handler = BackgroundHandler(stream, capacity=100)
    for number in range(1000):  # 1 MB into a pipe of 64 KiB
        handler.handle(record(f"{number:03} " + "x" * 1000))
    start = time.monotonic()
    handler.handle(record("at once"))
    assert time.monotonic() - start < 10  # rather than for ever
    with ThreadPoolExecutor(1) as reader:
        read = reader.submit(read_lines, reading, until="flows again")
        wait_until(handler._lines.empty)
        handler.handle(record("flows again"))
        lines = read.result()
    reports = [line for line in lines if "were dropped" in line]
    written = [line for line in lines if line.endswith("x")]
    assert sum(int(line.split()[0]) for line in reports) == 1001 - len(written) - lines.count("at once") > 0
    # In order; a thread that starts late writes what is queued then, so that lines between can be missing.
    numbers = [int(line[:3]) for line in written]
    assert numbers == sorted(set(numbers))
    assert numbers[:60] == list(range(60))
    assert lines[-1] == "flows again"
    handler.close()


def test_closing_does_not_wait_for_a_stalled_reader(pipe: tuple[int, TextIO]) -> None:
    reading, stream = pipe
    handler = BackgroundHandler(stream)
    handler.handle(record("x" * 200_000))
    start = time.monotonic()
    handler.close()
    assert time.monotonic() - start < 30  # rather than for ever
    while len(os.read(reading, 65_536)) == 65_536:
        pass  # so that the thread ends


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
def test_a_full_disk_loses_lines_and_they_are_counted_when_there_is_room(tmp_path: Path) -> None:
    descriptor = os.open(FULL, os.O_WRONLY)
    with os.fdopen(descriptor, "w") as stream:
        handler = BackgroundHandler(stream)
        for _ in range(5):
            handler.handle(record("lost"))
        wait_until(lambda: handler._dropped == 5)
        replaced = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
        os.dup2(replaced, descriptor)
        os.close(replaced)
        handler.handle(record("kept"))
        handler.close()
    assert (tmp_path / "log").read_text() == "kept\n5 log lines were dropped\n"


def test_a_pipe_that_is_not_blocking_gets_all_lines(pipe: tuple[int, TextIO]) -> None:
    reading, stream = pipe
    os.set_blocking(stream.fileno(), False)
    handler = BackgroundHandler(stream)
    for number in range(200):
        handler.handle(record(f"{number} " + "x" * 1000))
    handler.handle(record("the end"))
    lines = read_lines(reading, until="the end")
    assert [line.split()[0] for line in lines[:-1]] == [str(number) for number in range(200)]
    handler.close()


def test_a_record_that_cannot_be_formatted_is_counted_as_lost() -> None:
    stream = io.StringIO()
    handler = BackgroundHandler(stream)
    handler.handle(logging.LogRecord("discern", logging.INFO, "", 0, "%d", ("x",), None))
    handler.handle(record("next"))
    handler.close()
    assert stream.getvalue() == "next\n1 log lines were dropped\n"
