"""The salt of clients' digests."""

import logging
from pathlib import Path

import pytest

from discern.serving.web.client_salt import read_salt


def test_a_folder_keeps_its_salt(tmp_path: Path) -> None:
    first = read_salt(tmp_path / "one/spool")
    assert len(first) == 32
    assert read_salt(tmp_path / "one/spool") == first
    assert read_salt(tmp_path / "two") != first
    assert (tmp_path / "one/spool/salt").stat().st_mode & 0o777 == 0o600


def test_a_damaged_salt_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "salt").write_bytes(b"short")
    assert read_salt(tmp_path) == (tmp_path / "salt").read_bytes()


def test_without_a_folder_the_salt_lives_as_long_as_the_process(
    tmp_path: Path, logged: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    with logged.at_level(logging.WARNING):
        assert len(read_salt(tmp_path / "file")) == 32
    assert "change with each start" in logged.text
