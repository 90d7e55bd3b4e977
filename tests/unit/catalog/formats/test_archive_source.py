import io
import os
import stat
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from discern.catalog.formats.archive_source import ArchiveSource, holds_files, read_members
from discern.catalog.formats.source import Item
from discern.errors import DamagedPicture, EmptyFile, NotAPicture, PictureError, PictureTooLarge, UnreadableFile
from discern.picture import Limits
from tests.unit.catalog.factories import picture, write_archive, write_tar, write_zip

SUFFIXES = [".zip", ".tar", ".tar.gz", ".tgz"]


def outcome(item: Item) -> bytes | type[PictureError]:
    try:
        return item.load()
    except PictureError as error:
        return type(error)


def outcomes(path: Path, limits: Limits = Limits()) -> dict[str, bytes | type[PictureError]]:  # noqa: B008 - frozen
    return {item.path.removeprefix("here!/"): outcome(item) for item in read_members(path, "here", limits=limits)}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_members_are_read_in_storage_order(tmp_path, suffix):
    files = {"b/2.png": b"two", "b/1.png": b"one" * 100_000, "notes.txt": b"three", "empty.png": b""}
    path = write_archive(tmp_path / f"a{suffix}", files)
    assert list(outcomes(path).items()) == list((files | {"empty.png": EmptyFile}).items())
    source = ArchiveSource(path, limits=Limits())
    assert source.root == tmp_path
    assert [item.path for item in source.items()] == [f"a{suffix}!/{name}" for name in files]
    assert {item.archive for item in source.items()} == {f"a{suffix}"}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_hidden_and_system_files_are_ignored(tmp_path, suffix):
    path = write_archive(tmp_path / f"a{suffix}", {"x/.h": b"", "__MACOSX/._a": b"", ".git/b": b"", "ok": b"1"})
    assert outcomes(path) == {"ok": b"1"}


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    "name", ["../a.png", "a/../../b.png", "/etc/passwd", "..", "C:/a.png", "a\\..\\..\\b.png", "C:\\a.png", "\\a.png"]
)
def test_names_that_lead_outside_are_errors(tmp_path, suffix, name):
    path = write_archive(tmp_path / f"a{suffix}", {name: picture(1), "fine..png": b"1", "a..b/c.png": b"2"})
    found = outcomes(path)
    assert [found.pop("fine..png"), found.pop("a..b/c.png")] == [b"1", b"2"]
    assert list(found.values()) == [UnreadableFile]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_archive_inside_an_archive_is_an_error(tmp_path, suffix):
    inner = write_zip(tmp_path / "inner.zip", {"a.png": picture(1)}).read_bytes()
    path = write_archive(tmp_path / f"a{suffix}", {"inner.zip": inner, "photo.zip": picture(2)})
    assert outcomes(path) == {"inner.zip": NotAPicture, "photo.zip": picture(2)}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_members_over_the_size_limit_are_errors_and_the_others_are_read(tmp_path, suffix):
    path = write_archive(tmp_path / f"a{suffix}", {"bomb": bytes(30_000), "just": bytes(1000), "small": b"1"})
    assert outcomes(path, Limits(max_bytes=1000)) == {"bomb": PictureTooLarge, "just": bytes(1000), "small": b"1"}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_only_selected_members_are_read(tmp_path, suffix):
    path = write_archive(tmp_path / f"a{suffix}", {"1": b"1", "2": b"2", "3": b"3"})
    items = list(read_members(path, "p", limits=Limits(), only={"p!/3", "p!/1", "p!/9"}))
    assert [(item.path, item.load()) for item in items] == [("p!/1", b"1"), ("p!/3", b"3")]


def test_tar_links_and_special_files_are_errors(tmp_path):
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        for name, kind in [("sym", tarfile.SYMTYPE), ("hard", tarfile.LNKTYPE), ("fifo", tarfile.FIFOTYPE)]:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        info = tarfile.TarInfo("folder")
        info.type = tarfile.DIRTYPE
        archive.addfile(info)
    assert outcomes(path) == dict.fromkeys(["sym", "hard", "fifo"], UnreadableFile)


def test_zip_links_are_errors(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("link.png")
        info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
        archive.mkdir("folder")
    assert outcomes(path) == {"link.png": UnreadableFile}


def test_backslashes_in_zips_separate_folders(tmp_path):
    assert list(outcomes(write_zip(tmp_path / "a.zip", {"cat\\1.png": b"1"}))) == ["cat/1.png"]


def test_a_leading_dot_in_tars_is_removed(tmp_path):
    assert list(outcomes(write_tar(tmp_path / "a.tar", {"./cat/1.png": b"1", "./.h/2": b""}))) == ["cat/1.png"]


def test_encrypted_members_are_errors(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"1.png": b"secret", "2.png": b"open"})
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the flag in the local file header
    data[data.index(b"PK\x01\x02") + 8] |= 1  # and in the central directory
    path.write_bytes(data)
    assert outcomes(path) == {"1.png": DamagedPicture, "2.png": b"open"}


def test_a_member_with_a_wrong_checksum_is_an_error_and_the_others_are_read(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("1.png", b"first member")
        archive.writestr("2.png", b"second member")
    path.write_bytes(path.read_bytes().replace(b"first member", b"First member"))
    assert outcomes(path) == {"1.png": DamagedPicture, "2.png": b"second member"}


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz"])
def test_a_truncated_archive_is_a_row_with_an_error(tmp_path, suffix):
    path = write_tar(tmp_path / f"a{suffix}", {str(number): os.urandom(20_000) for number in range(5)})
    path.write_bytes(path.read_bytes()[:50_000])
    found = outcomes(path)
    assert found.pop("here") is DamagedPicture
    assert [isinstance(value, bytes) for value in found.values()][:2] == [True, True]
    assert len(found) < 5


def test_an_archive_with_trailing_rubbish_is_a_row_with_an_error(tmp_path):
    path = write_tar(tmp_path / "a.tar", {"1": b"one"})
    path.write_bytes(path.read_bytes()[:1024] + b"rubbish" * 300)
    assert outcomes(path) == {"1": b"one", "here": DamagedPicture}


def test_a_header_that_claims_gigabytes_is_an_error(tmp_path):
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 1 << 33
    first = tarfile.TarInfo("first")
    path = tmp_path / "a.tar"
    path.write_bytes(first.tobuf() + info.tobuf() + bytes(10_000))
    assert outcomes(path) == {"first": EmptyFile, "here": DamagedPicture}


@pytest.mark.slow
def test_a_zip_bomb_is_not_read_to_its_end(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1.png", b"one")
        for number in range(18):
            archive.writestr(f"zeros/{number}.png", bytes(60 << 20), compresslevel=1)
    items = [item.path for item in read_members(path, "here", limits=Limits(), only={"here!/1.png", "here"})]
    assert items == ["here!/1.png", "here"]


def test_overlapping_members_are_not_read(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"1.png": b"one" * 10, "2.png": b"two" * 10})
    data = path.read_bytes()
    place = data.rindex(b"PK\x01\x02")
    path.write_bytes(data[: place + 20] + struct.pack("<L", len(data)) + data[place + 24 :])
    assert outcomes(path) == {"here": DamagedPicture}


@pytest.mark.parametrize("length", [255, 256])
def test_names_of_digits_are_read_up_to_the_longest_file_name(tmp_path, length):
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("1" * length)
        info.size = 3
        archive.addfile(info, io.BytesIO(b"one"))
    found = outcomes(path)
    assert found == ({"1" * length: b"one"} if length == 255 else {"here": DamagedPicture})


def test_global_and_extended_headers_are_read(tmp_path):
    path = tmp_path / "a.tar"
    with tarfile.open(
        path, "w", format=tarfile.PAX_FORMAT, pax_headers={"comment": "for all", "größe": "1"}
    ) as archive:
        for name in ("größe.png", "2.png"):
            info = tarfile.TarInfo(name)
            info.size, info.pax_headers = 3, {"comment": "c" * 1000}
            archive.addfile(info, io.BytesIO(b"one"))
    assert outcomes(path) == {"größe.png": b"one", "2.png": b"one"}


def test_names_that_are_not_utf_8(tmp_path):
    path = tmp_path / "a.tar"
    info = tarfile.TarInfo("x")
    header = bytearray(info.tobuf(tarfile.USTAR_FORMAT))
    header[:3] = b"\xff\xe9x"
    header[148:156] = b"%06o\0 " % (sum(header[:148]) + sum(header[156:512]) + 8 * 32)
    path.write_bytes(bytes(header) + bytes(1024))
    (name,) = outcomes(path)
    assert name.encode()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_archives_are_recognised_by_content(tmp_path, suffix):
    path = write_archive(tmp_path / f"a{suffix}", {"x": b"1"})
    assert holds_files(path.rename(tmp_path / "unnamed"))


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04", b"\x1f\x8b\x08junk", bytes(2048), picture(1)])
def test_other_files_are_not_archives(tmp_path, content):
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    assert not holds_files(path)


def test_folders_and_missing_files_are_not_archives(tmp_path):
    assert not holds_files(tmp_path)
    assert not holds_files(tmp_path / "absent.zip")


def test_members_are_not_accumulated(tmp_path):
    path = tmp_path / "a.tar"
    block = io.BytesIO()
    block.write(tarfile.TarInfo("x").tobuf() * 5000)
    path.write_bytes(block.getvalue() + bytes(1024))
    assert sum(1 for _ in read_members(path, "p", limits=Limits())) == 5000


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_system_files_and_empty_folders_are_recorded(tmp_path, suffix):
    files = {"cat/1.png": b"1", "cat/@eaDir/1.png/THUMB.jpg": b"x", "#recycle/2.png": b"2", "cat/.DS_Store": b"x"}
    path = write_archive(tmp_path / f"a{suffix}", files)
    source = ArchiveSource(path, limits=Limits())
    for _ in range(2):
        assert [item.path for item in source.items()] == [f"a{suffix}!/cat/1.png"]
        assert {(each.path, each.reason) for each in source.left_out} == {
            (f"a{suffix}!/{name}", "system_file") for name in list(files)[1:]
        }
        assert len(source.left_out) == 3


def test_folders_of_an_archive_without_files_are_empty(tmp_path):
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        for name in ("./", "./ring", "./ring/deep", "./cat", "./.hidden", "./../out"):
            info = tarfile.TarInfo(name)
            info.type = tarfile.DIRTYPE
            archive.addfile(info)
        info = tarfile.TarInfo("./cat/1.png")
        info.size = 1
        archive.addfile(info, io.BytesIO(b"1"))
    source = ArchiveSource(path, limits=Limits())
    assert len(list(source.items())) == 1
    assert source.empty_folders == ["a.tar!/ring"]
    assert source.left_out == []
