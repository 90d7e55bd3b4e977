import os
import socket
from pathlib import Path

import pytest

from discern.catalog.formats.folder_source import FolderSource
from discern.errors import CatalogError, EmptyFile, PictureError, UnreadableFile
from discern.picture import Limits
from tests.unit.catalog.factories import picture, write_files, write_zip

posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no such files")


def paths(folder: Path) -> list[str]:
    return [item.path for item in FolderSource(folder, limits=Limits()).items()]


def errors(folder: Path) -> dict[str, type[PictureError]]:
    found = {}
    for item in FolderSource(folder, limits=Limits()).items():
        try:
            item.load()
        except PictureError as error:
            found[item.path] = type(error)
    return found


def test_files_are_in_natural_order(folder):
    write_files(folder, {"b/10.jpg": b"x", "b/9.jpg": b"x", "a.txt": b"x", "b/deep/er/1": b"x", "c": b""})
    assert paths(folder) == ["a.txt", "b/9.jpg", "b/10.jpg", "b/deep/er/1", "c"]


def test_hidden_and_system_files_are_ignored(folder):
    write_files(folder, {"a": b"x", ".b": b"x", ".git/c": b"x", "__MACOSX/d": b"x", "e/Thumbs.db": b"x"})
    assert paths(folder) == ["a"]


def test_a_hidden_root_is_not_ignored(folder):
    write_files(folder, {".cache/a": b"x"})
    assert paths(folder / ".cache") == ["a"]


def test_files_are_read_lazily(folder):
    write_files(folder, {"a": b"first"})
    (item,) = FolderSource(folder, limits=Limits()).items()
    (folder / "a").write_bytes(b"second")
    assert item.load() == b"second"
    assert item.in_memory == 0


def test_the_total_is_known_without_archives(folder):
    write_files(folder, {"a": b"x", "b/c": b"x", ".d": b"x"})
    assert FolderSource(folder, limits=Limits()).total == 2
    write_zip(folder / "e.zip", {"f": b"x"})
    assert FolderSource(folder, limits=Limits()).total is None


def test_members_are_at_the_position_of_their_archive(folder):
    write_files(folder, {"a": b"x", "c": b"x"})
    write_zip(folder / "b.zip", {"q/2.png": b"two", "q/1.png": b"one", "../x.png": b"x"})
    items = list(FolderSource(folder, limits=Limits()).items())
    assert [item.path for item in items] == ["a", "b.zip!/q/2.png", "b.zip!/q/1.png", "b.zip!/../x.png", "c"]
    assert [item.archive for item in items] == ["", "b.zip", "b.zip", "b.zip", ""]
    assert items[1].load() == b"two"
    assert errors(folder) == {"b.zip!/../x.png": UnreadableFile}


def test_a_picture_named_like_an_archive_is_a_file(folder):
    write_files(folder, {"a.zip": picture(1), "b.tar.gz": picture(2), "c.tar": b""})
    assert paths(folder) == ["a.zip", "b.tar.gz", "c.tar"]
    assert errors(folder) == {"c.tar": EmptyFile}


@posix
def test_pipes_sockets_and_devices_are_errors_and_never_block(folder):
    os.mkfifo(folder / "pipe.jpg")
    os.mkfifo(folder / "pipe.zip")
    (folder / "device.jpg").symlink_to("/dev/zero")
    (folder / "nowhere.jpg").symlink_to(folder / "absent")
    (folder / "itself.jpg").symlink_to(folder / "itself.jpg")
    with socket.socket(socket.AF_UNIX) as unix:
        before = Path.cwd()
        os.chdir(folder)  # the path of a socket is limited to some 100 characters
        try:
            unix.bind("socket.jpg")
        finally:
            os.chdir(before)
        found = errors(folder)
    names = ["device.jpg", "itself.jpg", "nowhere.jpg", "pipe.jpg", "pipe.zip", "socket.jpg"]
    assert found == dict.fromkeys(names, UnreadableFile)


@posix
def test_links_are_followed_and_paths_go_through_them(folder, tmp_path):
    write_files(tmp_path / "elsewhere", {"one.png": b"one", "more/two.png": b"two"})
    (folder / "file.png").symlink_to(tmp_path / "elsewhere" / "one.png")
    (folder / "folder").symlink_to(tmp_path / "elsewhere" / "more")
    (folder / "circle").symlink_to(folder)
    source = FolderSource(folder, limits=Limits())
    assert [(item.path, item.load()) for item in source.items()] == [("file.png", b"one"), ("folder/two.png", b"two")]
    assert [(each.path, each.reason) for each in source.left_out] == [("circle", "link_not_followed")]


@posix
@pytest.mark.skipif(os.name == "posix" and os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_without_permission_is_an_error(folder):
    write_files(folder, {"a": b"x", "closed/b": b"x"})
    (folder / "closed").chmod(0)
    try:
        assert errors(folder) == {"closed": UnreadableFile}
        with pytest.raises(CatalogError, match="cannot be read"):
            FolderSource(folder / "closed", limits=Limits())
    finally:
        (folder / "closed").chmod(0o700)


def test_a_missing_folder_is_an_error(folder):
    with pytest.raises(CatalogError, match="cannot be read"):
        FolderSource(folder / "absent", limits=Limits())


def test_very_deep_folders(folder):
    deep = "/".join(["d"] * 300) + "/x.jpg"
    write_files(folder, {deep: b"x"})
    assert paths(folder) == [deep]


@posix
def test_names_that_are_not_utf_8(folder):
    with open(os.fsencode(folder) + b"/\xff\xe9.jpg", "wb") as file:  # noqa: PTH123 - the name is bytes
        file.write(b"odd")
    (item,) = FolderSource(folder, limits=Limits()).items()
    assert item.path.encode()
    assert item.load() == b"odd"


def test_an_archive_among_folders_adds_what_it_passes_over(folder):
    write_files(folder, {"a/1.png": b"1", "Thumbs.db": b"x"})
    write_zip(folder / "b.zip", {"__MACOSX/._2.png": b"x", "cat/": b"", "dog/2.png": b"2"})
    source = FolderSource(folder, limits=Limits())
    for _ in range(2):
        assert [item.path for item in source.items()] == ["a/1.png", "b.zip!/dog/2.png"]
        assert [each.path for each in source.left_out] == ["Thumbs.db", "b.zip!/__MACOSX/._2.png"]
        assert source.empty_folders == ["b.zip!/cat"]
