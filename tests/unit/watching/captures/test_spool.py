"""Spool: what is acknowledged can be read back after any end of its writer; what is not, is counted."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from discern.inference.exchange import Exchange
from discern.inference.exchange_record import Loss, decode_records, encode_exchange
from discern.watching.captures import spool as spool_module
from discern.watching.captures.spool import Spool
from discern.watching.captures.spool_segment import list_segments, seal_of
from tests.unit.full_disk import full_disk
from tests.unit.inference.factories import make_exchange


def encoded(spool: Spool, *numbers: int, size: int = 100) -> list[bytes]:
    return [encode_exchange(make_exchange(each, picture=bytes(size)), seal=spool.seal) for each in numbers]


def contents(folder: Path) -> list[Exchange | Loss | None]:
    return [
        record.content
        for path in list_segments(folder)
        for record in decode_records(path.read_bytes(), seal=seal_of(path))
    ]


def numbers(folder: Path) -> list[int]:
    return [int(each.id, 16) for each in contents(folder) if isinstance(each, Exchange)]


def losses(folder: Path) -> int:
    return sum(each.count for each in contents(folder) if isinstance(each, Loss))


def test_records_are_there_once_they_are_acknowledged(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    assert spool.append(encoded(spool, 1, 2)) == 2
    assert spool.append([]) == 0
    assert numbers(tmp_path) == [1, 2]
    assert spool.waiting == 2
    spool.rotate()
    assert spool.waiting == 0
    assert spool.append(encoded(spool, 3)) == 1
    assert len(list_segments(tmp_path)) == 2
    spool.close()
    assert numbers(tmp_path) == [1, 2, 3]


def test_nothing_is_written_before_the_first_record(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    spool.rotate()
    spool.close()
    assert not (tmp_path / "spool").exists()


def test_a_closed_spool_keeps_nothing_and_says_so(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.close()
    assert spool.append(encoded(spool, 1)) == 0
    assert spool.lost == 1


def test_a_full_disk_is_counted_and_noted_later(tmp_path: Path) -> None:
    spool = Spool(tmp_path, clock=lambda: 7.0)
    assert spool.append(encoded(spool, 1)) == 1
    with full_disk():
        assert spool.append(encoded(spool, 2, 3)) == 0
        assert spool.append(encoded(spool, 4)) == 0
    assert spool.lost == 3
    assert spool.append(encoded(spool, 5)) == 1
    spool.close()
    assert numbers(tmp_path) == [1, 5]
    assert [each for each in contents(tmp_path) if not isinstance(each, Exchange)] == [Loss(count=3, time=7.0)]


def test_a_loss_at_the_end_is_noted_when_the_spool_is_closed(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    with full_disk():
        spool.append(encoded(spool, 1))
    spool.close()
    assert losses(tmp_path) == 1


def test_a_disk_that_fills_up_during_a_write_keeps_the_whole_records(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    spool = Spool(tmp_path)
    records = encoded(spool, 1, 2, 3, size=1000)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(records[0]) + len(records[1]) + 700, before[1]))
    try:
        assert spool.append(records) == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert spool.append(encoded(spool, 4)) == 1
    spool.close()
    assert None not in contents(tmp_path)
    assert (numbers(tmp_path), losses(tmp_path), spool.lost) == ([1, 2, 4], 1, 1)


def test_a_folder_that_cannot_be_made_is_counted(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    spool = Spool(tmp_path / "file/spool")
    assert spool.append(encoded(spool, 1)) == 0
    (tmp_path / "file").unlink()
    assert spool.append(encoded(spool, 2)) == 1
    spool.close()
    assert (numbers(tmp_path / "file/spool"), losses(tmp_path / "file/spool")) == ([2], 1)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_counted(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    spool = Spool(tmp_path)
    assert spool.append(encoded(spool, 1)) == 0
    tmp_path.chmod(0o700)
    assert spool.append(encoded(spool, 2)) == 1


@pytest.mark.skipif(os.name != "posix", reason="an open file can be removed on POSIX only")
class TestDeletedFolder:
    def test_what_was_kept_is_written_again(self, tmp_path: Path) -> None:
        folder = tmp_path / "spool"
        spool = Spool(folder)
        spool.append(encoded(spool, 1))
        shutil.rmtree(folder)
        assert spool.append(encoded(spool, 2)) == 1
        spool.close()
        assert numbers(folder) == [1, 2]
        assert spool.lost == 0

    def test_what_was_kept_waits_until_it_can_be_written_again(self, tmp_path: Path) -> None:
        folder = tmp_path / "spool"
        spool = Spool(folder)
        spool.append(encoded(spool, 1))
        shutil.rmtree(folder)
        folder.write_text("in the way")
        assert spool.append(encoded(spool, 2)) == 0
        spool.rotate()
        folder.unlink()
        assert spool.append(encoded(spool, 3)) == 1
        spool.close()
        assert (numbers(folder), losses(folder)) == ([1, 3], 1)

    def test_what_cannot_be_written_again_is_counted_in_the_end(self, tmp_path: Path) -> None:
        folder = tmp_path / "spool"
        spool = Spool(folder)
        spool.append(encoded(spool, 1, 2))
        shutil.rmtree(folder)
        folder.write_text("in the way")
        spool.close()
        assert spool.lost == 2


def test_a_full_spool_loses_what_comes_and_recovers_when_it_is_emptied(tmp_path: Path) -> None:
    first, second = Spool(tmp_path, max_bytes=3000), Spool(tmp_path, max_bytes=3000)
    assert first.append(encoded(first, 1, size=1000)) == 1
    first.rotate()
    assert second.append(encoded(second, 2, 3, size=1000)) == 0
    list_segments(tmp_path)[0].unlink()
    second.rotate()
    second._measured_at = -1e9  # as if a second had passed
    assert second.append(encoded(second, 4, size=1000)) == 1
    second.close()
    first.close()
    assert numbers(tmp_path) == [4]
    assert second.lost == 2


def test_segments_are_finished_by_size(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    big = spool_module.SEGMENT_BYTES // 3
    for number in range(5):
        assert spool.append(encoded(spool, number, size=big)) == 1
    spool.close()
    sizes = [path.stat().st_size for path in list_segments(tmp_path)]
    assert len(sizes) == 3
    assert max(sizes) <= spool_module.SEGMENT_BYTES
    assert sorted(numbers(tmp_path)) == [0, 1, 2, 3, 4]


def test_threads_share_a_spool(tmp_path: Path) -> None:
    spool = Spool(tmp_path)

    def work(start: int) -> None:
        for number in range(start, start + 50):
            assert spool.append(encoded(spool, number)) == 1
            if number % 10 == 0:
                spool.rotate()

    threads = [threading.Thread(target=work, args=(start,)) for start in range(0, 400, 50)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    spool.close()
    assert sorted(numbers(tmp_path)) == list(range(400))


WRITER = """
import pathlib, sys, time
from discern.watching.captures.spool import Spool
from tests.unit.watching.captures.test_spool import encoded
spool, number = Spool(pathlib.Path(sys.argv[1])), int(sys.argv[2])
while True:
    number += 1
    if spool.append(encoded(spool, number, size=20_000)):
        print(number, flush=True)
    if number % 7 == 0:
        spool.rotate()
    time.sleep(0.001)  # else the pipe fills with more records than the test needs
"""


@pytest.mark.skipif(os.name != "posix", reason="signals need POSIX")
def test_whatever_was_acknowledged_is_there_after_a_kill_and_nothing_twice(tmp_path: Path) -> None:
    acknowledged: set[int] = set()
    for attempt in range(4):
        command = [sys.executable, "-c", WRITER, tmp_path, str(attempt * 10_000)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            for _ in range(5 + 17 * attempt):
                acknowledged.add(int(writer.stdout.readline()))
            writer.send_signal(signal.SIGKILL)
            acknowledged.update(int(line) for line in writer.stdout.read().splitlines())
    found = numbers(tmp_path)
    assert acknowledged <= set(found)
    assert len(found) == len(set(found)) <= len(acknowledged) + 4
