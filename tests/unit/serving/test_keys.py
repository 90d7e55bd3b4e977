"""API keys: stored as hashes, and valid as long as the file lists them."""

import os
import stat
from pathlib import Path

import pytest

from discern.errors import UsageError
from discern.serving.keys import Keys, add_key


def test_a_key_is_found_by_its_exact_value(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    alice, root = add_key(path, "alice"), add_key(path, "root", admin=True)
    keys = Keys(path)
    found, admin = keys.find(alice), keys.find(root)
    assert found is not None
    assert admin is not None
    assert (found.name, found.admin, admin.name, admin.admin) == ("alice", False, "root", True)
    for wrong in ("", alice[:-1], alice + "a", alice.upper(), found.digest, "ü\udcff"):
        assert keys.find(wrong) is None


def test_the_file_has_hashes_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    key = add_key(path, "alice")
    assert key not in path.read_text()
    assert key.removeprefix("discern_") not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_without_a_final_newline_is_extended(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    first = add_key(path, "first")
    path.write_text(path.read_text().rstrip("\n"))
    second = add_key(path, "second")
    assert all(Keys(path).find(key) for key in (first, second))


def test_names_are_unique_and_valid(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    add_key(path, "alice")
    with pytest.raises(UsageError, match="has a key named alice"):
        add_key(path, "alice")
    for name in ("", "a b", "a\nadmin", "x" * 65):
        with pytest.raises(UsageError, match="Invalid key name"):
            add_key(path, name)
    assert len(path.read_text().splitlines()) == 1


@pytest.mark.parametrize(
    "text",
    ["", "# nothing\n", "alice\n", "alice ask 12\n", f"alice boss {'a' * 64}\n", f"a ask {'a' * 64} more\n", "\0\n"],
)
def test_an_invalid_file_is_rejected(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.txt"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"keys\.txt") as rejected:
        Keys(path)
    assert "discern key" in rejected.value.hint


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.txt"):
        Keys(tmp_path / "none.txt")
    with pytest.raises(UsageError, match="cannot be written"):
        add_key(tmp_path / "none" / "keys.txt", "alice")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_file_that_never_ends_or_begins_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, reason in ((tmp_path / "pipe", "it is a pipe"), (Path("/dev/zero"), "it is a device")):
        with pytest.raises(UsageError, match=reason):
            Keys(path)
        with pytest.raises(UsageError, match=reason):
            add_key(path, "alice")


def test_comments_and_empty_lines_are_no_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    key = add_key(path, "alice")
    path.write_text("# a comment\n\n" + path.read_text())
    assert Keys(path).find(key) is not None


def test_changes_take_effect_with_the_next_request(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "keys.txt"
    alice = add_key(path, "alice")
    keys = Keys(path)
    bob = add_key(path, "bob")
    assert keys.find(bob) is not None
    path.write_text("")  # locks everyone out
    assert keys.find(alice) is None
    assert not caplog.records


def test_a_file_that_becomes_invalid_changes_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "keys.txt"
    alice = add_key(path, "alice")
    keys = Keys(path)
    path.write_text("alice\n")
    assert keys.find(alice) is not None
    path.unlink()
    assert keys.find(alice) is not None
    assert [record.getMessage()[:18] for record in caplog.records] == ["keys not reloaded:"] * 2
