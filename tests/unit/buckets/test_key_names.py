"""Keys become names of files that lie below their folder, and names become keys."""

from pathlib import Path, PurePosixPath

import pytest

from discern.buckets.key_names import key_of, local_names
from discern.errors import UsageError


def test_no_key_leads_out_of_its_folder(tmp_path: Path) -> None:
    keys = ["../../etc/passwd", "/etc/passwd", "a/../../b", "..", ".", "", "a\0b", "a//b", "c", "c/d", "c/d/e"]
    names = list(local_names(keys))
    assert len(set(names)) == len(keys)
    for name in names:
        path = tmp_path / name
        assert path.resolve().is_relative_to(tmp_path)
        assert path != tmp_path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def test_usual_keys_stay_as_they_are() -> None:
    keys = ["a.jpg", "b c/ä%20.jpg", ".hidden", "...", "a!/b", "%/x"]
    assert list(local_names(keys)) == keys
    assert list(map(key_of, keys)) == keys


def test_a_name_that_no_key_can_have_is_named() -> None:
    with pytest.raises(UsageError, match="is not valid UTF-8") as raised:
        key_of(str(PurePosixPath("a", "b\udcff.jpg")))
    assert "Rename" in raised.value.hint
