import json

import pytest

from discern.catalog.formats.listing.json_lines import read_records
from discern.catalog.formats.listing.listing_entry import ListingEntry
from discern.catalog.formats.listing.sagemaker_lists import read_lst, read_manifest
from discern.errors import CatalogError


def lst_entries(text: str, name: str = "train.lst") -> list[tuple[str, str | None]]:
    return [(entry.path, entry.label) for entry in read_lst(name, text.encode())]


def manifest(*records: dict[str, object]) -> list[ListingEntry]:
    data = "\n".join(json.dumps(record) for record in records).encode()
    return read_manifest("m.manifest", read_records("m.manifest", data))


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_line_is_an_index_a_label_and_a_path(ending, mark):
    assert lst_entries(mark + ending.join(["0\t1\tcat/a b.jpg", "", "1\t0\tdög.jpg", ""])) == [
        ("cat/a b.jpg", "1"),
        ("dög.jpg", "0"),
    ]


@pytest.mark.parametrize(
    ("labels", "label"),
    [("1.000000", "1"), ("0.0", "0"), ("10.", "10"), ("0.5", "0.5"), ("cat", "cat"), ("", None), ("0\t0\t1", "2")],
)
def test_labels_as_im2rec_writes_them(labels, label):
    assert lst_entries(f"7\t{labels}\ta.jpg") == [("a.jpg", label)]


def test_candidates_are_next_to_the_list_or_in_the_folder_of_its_name():
    (entry,) = read_lst("here/train.lst", b"0\t1\tcat/./a.jpg")
    assert entry.candidates == ("cat/a.jpg", "train/cat/a.jpg")
    (entry,) = read_lst("val.lst", b"0\t1\tcat\\a.jpg")
    assert entry.candidates == ("cat/a.jpg", "val/cat/a.jpg")


@pytest.mark.parametrize("path", ["../a.jpg", "/etc/a.jpg", "C:\\a.jpg", "a/../../b.jpg", "..\\a.jpg"])
def test_paths_that_lead_outside_have_no_candidates(path):
    (entry,) = read_lst("train.lst", f"0\t1\t{path}".encode())
    assert (entry.path, entry.candidates) == (path, ("",))
    (entry,) = manifest({"source-ref": path, "class": 1})
    assert (entry.path, entry.candidates) == (path, ("",))


def test_uris_that_lead_outside_have_no_candidates():
    assert manifest({"source-ref": "s3://b/x/../../1.jpg", "class": 1})[0].candidates == ("",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0\t1\ta.jpg\n1\t0\n", "line 2: not an index, a label and a path"),
        ("a.jpg\t1\t0\n", "line 1: not an index"),
        ("0\t1\t \n", "line 1: not an index"),
        ("0 1 a.jpg\n", "line 1: not an index"),
        ("0\t1\t1\ta.jpg\n", "line 1: 2 labels"),
        ("0\t1\ta.jpg\n" + "x" * 2_000_000, "line 2: the line has 2,000,000 characters"),
    ],
)
def test_invalid_lists_are_errors(text, message):
    with pytest.raises(CatalogError, match=message) as caught:
        lst_entries(text)
    assert caught.value.hint


def test_the_class_name_takes_precedence_over_the_number():
    record = {"source-ref": "s3://b/x/1.jpg", "kind": 1, "kind-metadata": {"class-name": "cat", "confidence": 0.7}}
    (entry,) = manifest(record | {"patient": 7, "split": "val"})
    assert (entry.path, entry.label, entry.group, entry.part) == ("s3://b/x/1.jpg", "cat", "7", "validation")
    assert entry.candidates == ("x/1.jpg", "1.jpg")


@pytest.mark.parametrize(
    ("more", "label"),
    [
        ({"class": "0"}, "0"),
        ({"label": 3}, "3"),
        ({"kind": 1, "kind-metadata": {}}, "1"),
        ({"kind-metadata": {"failure-reason": "x"}}, None),
        ({}, None),
        ({"class": 1, "kind": 2, "kind-metadata": {"class-name": "b"}}, "b"),
    ],
)
def test_the_label_attribute_is_found(more, label):
    assert [entry.label for entry in manifest({"source-ref": "1.jpg"} | more)] == [label]


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"class": 1}, "line 1: source-ref is missing or empty"),
        ({"source-ref": "s3://bucket"}, "line 1: source-ref is missing or empty"),
        ({"source-ref": "s3://bucket/"}, "line 1: source-ref is missing or empty"),
        ({"source-ref": ["a"]}, "source-ref is a list"),
        ({"source-ref": "a.jpg", "class": [1, 2]}, "class is a list"),
        ({"source-ref": "a.jpg", "class": 1, "label": 2}, "several labels: label, class"),
        ({"source-ref": "a.jpg", "split": "fold1"}, "unknown part 'fold1'"),
        ({"source-ref": "\ud800.jpg"}, "not valid Unicode"),
    ],
)
def test_invalid_manifests_are_errors(record, message):
    with pytest.raises(CatalogError, match=message) as caught:
        manifest(record)
    assert caught.value.hint


def test_the_number_of_candidates_is_limited():
    (entry,) = manifest({"source-ref": "s3://b/" + "x/" * 100_000 + "1.jpg"})
    assert len(entry.candidates or ()) == 64


def test_blanks_and_unicode_forms_of_labels_mean_nothing():
    text = "0\t cafe\u0301 \t a.jpg \n1\t\u00a0caf\u00e9\u200b\tb.jpg\n2\t \u3000\tc.jpg"
    assert lst_entries(text) == [("a.jpg", "caf\u00e9"), ("b.jpg", "caf\u00e9"), ("c.jpg", None)]
    records = [
        {"source-ref": f" {name} ", "class": label} for name, label in [("a", " cafe\u0301"), ("b", "caf\u00e9\u3000")]
    ]
    assert [(entry.path, entry.label) for entry in manifest(*records)] == [("a", "caf\u00e9"), ("b", "caf\u00e9")]
