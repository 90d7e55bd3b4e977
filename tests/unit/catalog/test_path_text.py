import os
import sys

import pytest

from discern.catalog.path_text import is_archive, is_ignored, natural_key, order_labels, part_named, to_name, to_text


@pytest.mark.parametrize(
    "name",
    [
        *(".hidden", ".DS_Store", ".ipynb_checkpoints", "__MACOSX", "Thumbs.db", "THUMBS.DB", "desktop.ini", "._a.jpg"),
        *("@eaDir", "@EADIR", "#recycle", "#snapshot", "@tmp", "@Recycle", ".@__thumb", "a.jpg@SynoResource"),
        *(".Spotlight-V100", ".Trashes", ".fseventsd", "Icon\r", "Temporary Items", "Network Trash Folder"),
        *("ehthumbs.db", "$RECYCLE.BIN", "System Volume Information", "~$list.xlsx", "FOUND.000", "found.001"),
        *("lost+found", ".Trash-1000", ".nfs0000001", ".directory", ".thumbnails", "LOST.DIR", "aquota.user"),
        *(".git", "__pycache__", ".dvc", ".cache", "@Recently-Snapshot", "~snapshot"),
    ],
)
def test_hidden_and_system_files_are_ignored(name):
    assert is_ignored(name)


@pytest.mark.parametrize(
    "name",
    [
        *("a.jpg", "Thumbs.db.jpg", "DS_Store", "readme.txt", "_x", "\u200b.jpg", ""),
        *("recycle", "recycled", "Recycle Bin", "trash", "trashbox", "lost", "found", "found.0", "cache", "snapshot"),
        *("#1", "@home", "@", "~", "~a.jpg", "$5", "Icon", "icon", "temp", "tmp", "eaDir", "thumbs", "System", "git"),
    ],
)
def test_other_files_are_not_ignored(name):
    assert not is_ignored(name)


@pytest.mark.parametrize("name", ["a.zip", "A.ZIP", "a.tar", "a.tar.gz", "a.tgz"])
def test_names_of_archives(name):
    assert is_archive(name)


@pytest.mark.parametrize("name", ["a.gz", "zip", "a.zip.jpg", "tar.gz.txt"])
def test_names_of_other_files(name):
    assert not is_archive(name)


@pytest.mark.parametrize(
    ("part", "spellings"),
    [
        ("train", ["train", "training", "Train", "Training", "TRAIN"]),
        ("validation", ["val", "valid", "validation", "dev", "Validation", "Val"]),
        ("test", ["test", "testing", "Test", "Testing"]),
    ],
)
def test_spellings_of_parts(part, spellings):
    assert {part_named(name) for name in spellings} == {part}


@pytest.mark.parametrize("name", ["", "trains", "tests", "train2", "cat", "te st"])
def test_names_that_are_not_parts(name):
    assert part_named(name) is None


def test_natural_order_compares_numbers():
    names = ["b10.jpg", "b9.jpg", "a", "b09.jpg", "b9a.jpg", "10", "9", "B1"]
    assert sorted(names, key=natural_key) == ["9", "10", "B1", "a", "b09.jpg", "b9.jpg", "b9a.jpg", "b10.jpg"]


def test_natural_order_of_very_long_numbers():
    assert natural_key("x" + "9" * 10_000) < natural_key("x1" + "0" * 10_000)


def test_labels_are_sorted_alphabetically_and_numbers_by_value():
    assert order_labels(["10", "9", "b", "a", "a", "010"]) == ("9", "010", "10", "a", "b")
    assert order_labels(["Apple 12", "Apple 6"]) == ("Apple 12", "Apple 6")
    assert order_labels(["²", "3", "٣"]) == ("3", "²", "٣")
    assert order_labels([]) == ()


@pytest.mark.parametrize(
    "name", ["a/b.jpg", "é\u200b\uf025\n\t.jpg", "\udcff\udc80x", "\U0010ff80", "\U0010ffff\udcc3\udca9", "\U0010ff00"]
)
def test_names_survive_conversion_to_text(name):
    text = to_text(name)
    assert text.encode().decode() == text
    assert os.fsencode(to_name(text)) == os.fsencode(name)


def test_ordinary_names_are_unchanged():
    assert to_text("größe/猫.jpg") == "größe/猫.jpg"


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux")
def test_invalid_bytes_stay_distinct():
    texts = {to_text(os.fsdecode(name)) for name in (b"\xff", b"\xfe", b"\xc3", b"\xc3\xa9")}
    assert len(texts) == 4
