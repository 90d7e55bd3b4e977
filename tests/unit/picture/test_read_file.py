import os
import socket
import stat
from pathlib import Path

import pytest

from discern.errors import EmptyFile, PictureError, PictureTooLarge, UnreadableFile
from discern.picture import Limits, read_bounded, read_file


def test_a_file_is_read_completely(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"123" * 1000)
    assert read_file(path) == b"123" * 1000


def test_a_name_with_unusual_characters_is_read(tmp_path):
    path = tmp_path / "banana\u200b \ue000 %20.png"
    path.write_bytes(b"x")
    assert read_file(path) == b"x"


def test_a_link_to_a_file_is_followed(tmp_path):
    (tmp_path / "a").write_bytes(b"x")
    _link(tmp_path / "b", tmp_path / "a")
    assert read_file(tmp_path / "b") == b"x"


def test_an_empty_file_is_an_error(tmp_path):
    (tmp_path / "a.jpg").touch()
    with pytest.raises(EmptyFile, match=r"a\.jpg is empty"):
        read_file(tmp_path / "a.jpg")


def test_a_file_of_exactly_the_limit_is_read_and_one_byte_more_is_not(tmp_path):
    limits = Limits(max_bytes=10)
    (tmp_path / "a").write_bytes(b"x" * 10)
    (tmp_path / "b").write_bytes(b"x" * 11)
    assert len(read_file(tmp_path / "a", limits=limits)) == 10
    with pytest.raises(PictureTooLarge, match="11 bytes"):
        read_file(tmp_path / "b", limits=limits)


def test_a_huge_sparse_file_is_rejected_without_being_read(tmp_path):
    with (tmp_path / "a").open("wb") as file:
        file.truncate(2**40 if os.name == "posix" else 2**27)
    with pytest.raises(PictureTooLarge):
        read_file(tmp_path / "a")


def test_the_error_names_a_missing_file(tmp_path):
    with pytest.raises(UnreadableFile, match=r"nothing\.jpg cannot be opened: no such file"):
        read_file(tmp_path / "nothing.jpg")


def test_the_remedy_for_a_missing_file_is_its_path(tmp_path):
    with pytest.raises(UnreadableFile) as refused:
        read_file(tmp_path / "nothing.jpg")
    assert refused.value.hint == "Correct the path, or put the file there."


def test_the_error_names_a_broken_link(tmp_path):
    _link(tmp_path / "a", tmp_path / "gone")
    with pytest.raises(UnreadableFile, match="it is a broken link"):
        read_file(tmp_path / "a")


def test_circular_links_are_rejected(tmp_path):
    _link(tmp_path / "a", tmp_path / "b")
    _link(tmp_path / "b", tmp_path / "a")
    with pytest.raises(UnreadableFile):
        read_file(tmp_path / "a")


def test_a_folder_is_rejected(tmp_path):
    with pytest.raises(UnreadableFile, match="is a folder"):
        read_file(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_rejected_without_blocking_directly_and_through_a_link(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    _link(tmp_path / "link.jpg", tmp_path / "pipe.jpg")
    for name in ("pipe.jpg", "link.jpg"):
        with pytest.raises(UnreadableFile, match="is a pipe"):
            read_file(tmp_path / name)


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs Unix sockets")
def test_a_socket_is_rejected(tmp_path):
    path = os.path.relpath(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listener:
        try:
            listener.bind(path)
        except OSError:
            pytest.skip("the path is too long for a socket")
        with pytest.raises(UnreadableFile, match="is a socket"):
            read_file(tmp_path / "s")


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/tty", "/dev/random"])
def test_a_device_is_rejected_directly_and_through_a_link(tmp_path, device):
    if not Path(device).exists() or not stat.S_ISCHR(Path(device).stat().st_mode):
        pytest.skip("the device does not exist")
    _link(tmp_path / "a.jpg", Path(device))
    for path in (Path(device), tmp_path / "a.jpg"):
        with pytest.raises(UnreadableFile, match="is a device"):
            read_file(path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read every file")
def test_the_error_names_a_file_without_permission(tmp_path):
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "a").chmod(0)
    with pytest.raises(UnreadableFile, match="permission denied"):
        read_file(tmp_path / "a")


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000])
def test_an_invalid_name_is_a_picture_error(tmp_path, name):
    with pytest.raises(PictureError):
        read_file(tmp_path / name)


class TestBounded:
    def test_a_file_is_read_up_to_its_limit(self, tmp_path):
        (tmp_path / "a").write_bytes(b"abc")
        assert read_bounded(tmp_path / "a", max_bytes=3) == b"abc"
        with pytest.raises(OSError, match="larger than the limit of 2 bytes"):
            read_bounded(tmp_path / "a", max_bytes=2)

    def test_a_sparse_file_takes_no_memory(self, tmp_path):
        with (tmp_path / "a").open("wb") as file:
            file.truncate(1 << 40)
        with pytest.raises(OSError, match="larger than the limit"):
            read_bounded(tmp_path / "a", max_bytes=1_000)

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
    def test_a_special_file_never_blocks(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        for path, kind in ((tmp_path / "pipe", "a pipe"), (Path("/dev/zero"), "a device"), (tmp_path, "a folder")):
            with pytest.raises(OSError, match=f"it is {kind}"):
                read_bounded(path, max_bytes=9)

    def test_a_missing_file_is_named(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            read_bounded(tmp_path / "gone", max_bytes=9)


def test_every_error_has_a_hint(tmp_path):
    (tmp_path / "empty").touch()
    for path in (tmp_path, tmp_path / "gone", tmp_path / "empty"):
        with pytest.raises(PictureError) as caught:
            read_file(path)
        assert caught.value.hint


def _link(path: Path, target: Path) -> None:
    try:
        path.symlink_to(target)
    except (OSError, NotImplementedError):
        pytest.skip("needs symbolic links")
