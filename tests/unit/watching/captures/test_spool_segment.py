"""Segments: they are private, and nobody else takes one while its writer lives."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from discern.watching.captures.spool_segment import (
    create_segment,
    finished_segment,
    is_removed,
    list_segments,
    new_seal,
    seal_of,
    spool_bytes,
)


@pytest.mark.skipif(os.name != "posix", reason="file modes need POSIX")
def test_a_segment_and_its_folder_are_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        descriptor, path = create_segment(tmp_path / "a/spool", new_seal(), 1)
    finally:
        os.umask(before)
    os.close(descriptor)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_segment_is_finished_once_its_writer_closes_it(tmp_path: Path) -> None:
    descriptor, path = create_segment(tmp_path, new_seal(), 1)
    os.write(descriptor, b"content")
    with finished_segment(path) as taken:
        assert taken is None
    os.close(descriptor)
    with finished_segment(path) as taken:
        assert taken is not None
        assert taken.data == b"content"
        with finished_segment(path) as again:
            assert again is None
    assert path.exists()
    with finished_segment(path) as taken:
        taken.is_done = True
    assert not path.exists()
    with finished_segment(path) as taken:
        assert taken is None


def test_a_segment_stays_if_moving_it_fails(tmp_path: Path) -> None:
    descriptor, path = create_segment(tmp_path, new_seal(), 1)
    os.close(descriptor)
    with pytest.raises(ValueError, match="down"), finished_segment(path):
        raise ValueError("down")
    assert path.exists()


@pytest.mark.skipif(os.name != "posix", reason="signals need POSIX")
def test_the_segment_of_a_killed_process_is_finished(tmp_path: Path) -> None:
    code = (
        "import os, sys, pathlib\n"
        "from discern.watching.captures.spool_segment import create_segment, new_seal\n"
        "descriptor, path = create_segment(pathlib.Path(sys.argv[1]), new_seal(), 1)\n"
        "os.write(descriptor, b'content'); print(path, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, tmp_path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        path = Path(writer.stdout.readline().strip())
        with finished_segment(path) as taken:
            assert taken is None
        writer.send_signal(signal.SIGKILL)
    with finished_segment(path) as taken:
        assert taken.data == b"content"


def test_segments_are_listed_by_the_time_of_their_last_record(tmp_path: Path) -> None:
    paths = []
    for number in range(3):
        descriptor, path = create_segment(tmp_path, new_seal(), number)
        os.write(descriptor, b"x" * (number + 1))
        os.close(descriptor)
        os.utime(path, ns=(0, 10 - number))
        paths.append(path)
    (tmp_path / "notes.txt").write_text("none")
    (tmp_path / "1-zz-1.spool").write_text("none")
    assert list_segments(tmp_path) == paths[::-1]
    assert spool_bytes(tmp_path) == 6
    assert list_segments(tmp_path / "missing") == []


def test_the_seal_is_found_in_the_name(tmp_path: Path) -> None:
    seal = new_seal()
    descriptor, path = create_segment(tmp_path, seal, 1)
    assert seal_of(path) == seal
    assert not is_removed(descriptor)
    path.unlink()
    assert is_removed(descriptor)
    os.close(descriptor)
    assert seal_of(Path("1-ab-1.spool")) is None
    assert seal_of(Path("other.spool")) is None
