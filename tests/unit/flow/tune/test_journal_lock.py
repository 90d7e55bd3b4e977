"""The lock of a journal removes what a killed process has not written to the end, and nothing else."""

from pathlib import Path

import pytest

from discern.flow.tune.journal_lock import JournalLock

LONG = b'{"op": "' + b"x" * 9000 + b'"}'


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        (b"", b""),
        (b'{"a": 1}\n', b'{"a": 1}\n'),
        (b'{"a": 1}\n{"b"', b'{"a": 1}\n'),
        (b'{"a"', b""),
        (b'{"a": 1}\n' + LONG, b'{"a": 1}\n'),
        (LONG + b"\n" + LONG, LONG + b"\n"),
        (LONG + b"\n", LONG + b"\n"),
        (LONG, b""),
    ],
)
def test_a_torn_line_is_removed(tmp_path: Path, content: bytes, kept: bytes) -> None:
    journal = tmp_path / "journal"
    journal.write_bytes(content)
    lock = JournalLock(journal)
    assert lock.acquire()
    lock.release()
    assert journal.read_bytes() == kept


def test_a_missing_journal_is_not_created(tmp_path: Path) -> None:
    lock = JournalLock(tmp_path / "journal")
    lock.acquire()
    lock.release()
    assert not (tmp_path / "journal").exists()
