"""Keys: shown once, kept as hashes, found by nothing but themselves."""

import stat
from pathlib import Path

import pytest

from discern.errors import UsageError
from discern.serving.keys import Keys, add_key


def test_a_key_is_found_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    alice, root = add_key(path, "alice"), add_key(path, "root", admin=True)
    keys = Keys(path)
    found, boss = keys.find(alice), keys.find(root)
    assert found is not None
    assert boss is not None
    assert (found.name, found.admin, boss.name, boss.admin) == ("alice", False, "root", True)
    for wrong in ("", alice[:-1], alice + "a", alice.upper(), found.digest, "ü\udcff"):
        assert keys.find(wrong) is None


def test_the_file_holds_no_key_and_is_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    key = add_key(path, "alice")
    assert key not in path.read_text()
    assert key.removeprefix("discern_") not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_without_a_last_newline_is_added_to(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    first = add_key(path, "first")
    path.write_text(path.read_text().rstrip("\n"))
    second = add_key(path, "second")
    assert all(Keys(path).find(key) for key in (first, second))


def test_names_are_taken_once_and_make_sense(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    add_key(path, "alice")
    with pytest.raises(UsageError, match="has a key named alice"):
        add_key(path, "alice")
    for name in ("", "a b", "a\nadmin", "x" * 65):
        with pytest.raises(UsageError, match="no name"):
            add_key(path, name)
    assert len(path.read_text().splitlines()) == 1


@pytest.mark.parametrize(
    "text",
    ["", "# nothing\n", "alice\n", "alice ask 12\n", f"alice boss {'a' * 64}\n", f"a ask {'a' * 64} more\n", "\0\n"],
)
def test_a_file_that_makes_no_sense_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.txt"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"keys\.txt") as refused:
        Keys(path)
    assert "discern key" in refused.value.hint


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.txt"):
        Keys(tmp_path / "none.txt")
    with pytest.raises(UsageError, match="cannot be written"):
        add_key(tmp_path / "none" / "keys.txt", "alice")


def test_comments_and_empty_lines_are_no_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    key = add_key(path, "alice")
    path.write_text("# who may ask\n\n" + path.read_text())
    assert Keys(path).find(key) is not None


def test_a_line_counts_from_the_next_question_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "keys.txt"
    alice = add_key(path, "alice")
    keys = Keys(path)
    bob = add_key(path, "bob")
    assert keys.find(bob) is not None
    path.write_text("")  # all are to be locked out
    assert keys.find(alice) is None
    assert not caplog.records


def test_a_file_that_is_broken_later_changes_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "keys.txt"
    alice = add_key(path, "alice")
    keys = Keys(path)
    path.write_text("alice\n")
    assert keys.find(alice) is not None
    path.unlink()
    assert keys.find(alice) is not None
    assert [record.getMessage()[:18] for record in caplog.records] == ["keys not replaced:"] * 2
