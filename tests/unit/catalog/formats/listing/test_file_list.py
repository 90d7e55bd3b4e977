import json

import pytest

from discern.catalog.formats.listing.file_list import read_file_list
from discern.errors import CatalogError


def test_the_key_is_the_label_and_candidates_are_found():
    data = json.dumps({"1": ["data/metadata/100313.json"], "2": ["x/7.JPG"]}).encode()
    first, second = read_file_list("file_list.json", b"\xef\xbb\xbf" + data)
    assert (first.path, first.label) == ("data/metadata/100313.json", "1")
    assert first.candidates == (
        "data/metadata/100313.jpg",
        "data/bin-images/100313.jpg",
        "data/images/100313.jpg",
        "bin-images/100313.jpg",
        "images/100313.jpg",
        "1/100313.jpg",
        "100313.jpg",
    )
    assert (second.label, (second.candidates or ())[0]) == ("2", "x/7.JPG")


@pytest.mark.parametrize("path", ["../1.json", "/data/1.json", "C:\\1.json", "a\\..\\..\\1.json"])
def test_paths_that_lead_outside_have_no_candidates(path):
    (entry,) = read_file_list("f.json", json.dumps({"1": [path]}).encode())
    assert (entry.path, entry.candidates) == (path, ("",))


def test_a_label_that_is_a_path_adds_no_candidate():
    (entry,) = read_file_list("f.json", b'{"../../x": ["1.json"]}')
    assert not any(".." in place for place in entry.candidates or ("..",))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "f.json"),
        (b"[]", "does not list files"),
        (b"{}", "does not list files"),
        (b'{"1": "a.json"}', "does not list files"),
        (b'{"1": ["a.json", 7.5, ""]}', "'1', file 3: the file name is empty"),
        (b'{"1": [["a.json"]]}', "file is a list"),
        (b'{"1": ["a.json"], "1": ["b.json"]}', "the key '1' is duplicated"),
        (b'{"1": ["a.js', "f.json"),
        (b"[" * 100_000, "f.json"),
        (b'{"1": ["\xff"]}', "f.json"),
    ],
)
def test_invalid_file_lists_are_errors(data, message):
    with pytest.raises(CatalogError, match=message) as caught:
        read_file_list("f.json", data)
    assert caught.value.hint


def test_blanks_around_labels_and_files_mean_nothing():
    listed = json.dumps({" cafe\u0301 ": [" 1.json "], "caf\u00e9": ["2.json"], "\u200b": ["3.json"]})
    entries = read_file_list("f.json", listed.encode())
    assert [(entry.path, entry.label) for entry in entries] == [
        ("1.json", "caf\u00e9"),
        ("2.json", "caf\u00e9"),
        ("3.json", None),
    ]
