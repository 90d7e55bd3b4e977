import json

import pytest

from discern.catalog.formats.listing.file_list import read_file_list
from discern.errors import CatalogError


def test_the_key_is_the_label_and_the_picture_lies_about():
    data = json.dumps({"1": ["data/metadata/100313.json"], "2": ["x/7.JPG"]}).encode()
    first, second = read_file_list("file_list.json", b"\xef\xbb\xbf" + data)
    assert (first.path, first.label) == ("data/metadata/100313.json", "1")
    assert first.places == (
        "data/metadata/100313.jpg",
        "data/bin-images/100313.jpg",
        "data/images/100313.jpg",
        "bin-images/100313.jpg",
        "images/100313.jpg",
        "1/100313.jpg",
        "100313.jpg",
    )
    assert (second.label, (second.places or ())[0]) == ("2", "x/7.JPG")


@pytest.mark.parametrize("path", ["../1.json", "/data/1.json", "C:\\1.json", "a\\..\\..\\1.json"])
def test_paths_that_lead_outside_are_looked_for_nowhere(path):
    (entry,) = read_file_list("f.json", json.dumps({"1": [path]}).encode())
    assert (entry.path, entry.places) == (path, ("",))


def test_a_label_that_is_a_path_leads_nowhere():
    (entry,) = read_file_list("f.json", b'{"../../x": ["1.json"]}')
    assert not any(".." in place for place in entry.places or ("..",))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "f.json"),
        (b"[]", "lists no files"),
        (b"{}", "lists no files"),
        (b'{"1": "a.json"}', "lists no files"),
        (b'{"1": ["a.json", 7.5, ""]}', "'1', file 3 names no picture"),
        (b'{"1": [["a.json"]]}', "file is a list"),
        (b'{"1": ["a.json"], "1": ["b.json"]}', "'1' is there twice"),
        (b'{"1": ["a.js', "f.json"),
        (b"[" * 100_000, "f.json"),
        (b'{"1": ["\xff"]}', "f.json"),
    ],
)
def test_lists_that_cannot_be_followed(data, message):
    with pytest.raises(CatalogError, match=message) as caught:
        read_file_list("f.json", data)
    assert caught.value.hint
