"""Pictures in a folder: complete, private, once, and gone with their folders."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from discern.watching.stores.picture_files import PictureFiles
from tests.unit.full_disk import full_disk

NAMES = [f"{number:02x}/{number:062x}.jpg" for number in range(4)]


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_pictures_are_written_and_read_and_removed(tmp_path: Path) -> None:
    place = PictureFiles(tmp_path / "pictures")
    place.write([(name, name.encode()) for name in NAMES])
    assert [place.read(name) for name in NAMES] == [name.encode() for name in NAMES]
    place.remove([NAMES[0], NAMES[0], "ff/gone.jpg"])
    assert (place.read(NAMES[0]), place.read(NAMES[1])) == (None, NAMES[1].encode())
    place.remove(NAMES)
    assert files(tmp_path / "pictures") == []


def test_one_that_is_there_stays(tmp_path: Path) -> None:
    place = PictureFiles(tmp_path)
    place.write([(NAMES[0], b"first")])
    before = (tmp_path / NAMES[0]).stat().st_mtime_ns
    place.write([(NAMES[0], b"first"), ("00/other.jpg", b"other")])
    assert (tmp_path / NAMES[0]).stat().st_mtime_ns == before
    assert place.read("00/other.jpg") == b"other"
    place.remove([NAMES[0]])
    assert files(tmp_path) == ["00", "00/other.jpg"]


def test_a_large_picture_is_written_whole(tmp_path: Path) -> None:
    place, picture = PictureFiles(tmp_path), os.urandom(3_000_001)
    place.write([(NAMES[1], picture)])
    assert place.read(NAMES[1]) == picture


@pytest.mark.skipif(os.name != "posix", reason="file modes need POSIX")
def test_only_the_user_can_read_them(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        PictureFiles(tmp_path / "pictures").write([(NAMES[2], b"x")])
    finally:
        os.umask(before)
    paths = [tmp_path / "pictures", *(tmp_path / "pictures").rglob("*")]
    assert [oct(path.stat().st_mode & 0o777) for path in paths] == ["0o700", "0o700", "0o600"]


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    place = PictureFiles(tmp_path)
    with full_disk(), pytest.raises(OSError, match=r"[Tt]oo large"):
        place.write([(NAMES[0], b"x" * 100)])
    assert [name for name in files(tmp_path) if name.count("/")] == []
    assert place.read(NAMES[0]) is None


def test_many_writers_of_one_picture_do_not_disturb_each_other(tmp_path: Path) -> None:
    place, picture = PictureFiles(tmp_path), os.urandom(100_000)

    def write(_: int) -> bool:
        place.write([(NAMES[3], picture)])
        return place.read(NAMES[3]) == picture

    with ThreadPoolExecutor(6) as executor:
        assert all(executor.map(write, range(100)))
    assert files(tmp_path) == [NAMES[3][:2], NAMES[3]]
