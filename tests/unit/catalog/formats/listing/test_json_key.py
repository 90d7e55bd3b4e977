"""Values are found by keys with dots, and converted to labels."""

import base64
import json
import math

import pytest

from discern.catalog.formats.listing.json_key import find_key, label_of, with_key
from discern.errors import CatalogError

CONTENT = {"a": {"b": [{"c": 1}, {"c": 2}]}, "a.b": {"d": 3}, "text": '{"x": {"y": "z"}}', "n": 4}


@pytest.mark.parametrize(
    ("key", "value"), [("a.b.d", 3), ("n", 4), ("text.x.y", "z"), ("a.b", {"d": 3}), ("text", CONTENT["text"])]
)
def test_the_longest_name_wins_and_json_text_is_searched(key: str, value: object) -> None:
    assert find_key(CONTENT, key) == value


def test_places_in_lists_and_base64_are_searched() -> None:
    text = base64.b64encode(json.dumps({"label": ["x", "y"]}).encode()).decode()
    assert find_key({"data": text}, "data.label.1") == "y"


@pytest.mark.parametrize("key", ["b", "a.c", "n.x", "text.q", "a.b.d.e", "a..b", "."])
def test_missing_keys_are_errors(key: str) -> None:
    with pytest.raises(LookupError):
        find_key(CONTENT, key)


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (3, "3"),
        (3.0, "3"),
        (2.5, "2.5"),
        ("3", "3"),
        (" cafe\u0301 ", "café"),
        (True, "true"),
        (None, None),
        ("  ", None),
        (0, "0"),
    ],
)
def test_values_become_labels(value: object, label: str | None) -> None:
    assert label_of({"k": value}, "k") == label


@pytest.mark.parametrize("value", [[1], {"a": 1}, "\ud800"])
def test_values_that_are_no_label_are_errors(value: object) -> None:
    with pytest.raises(ValueError, match="It: k is"):
        label_of({"k": value}, "k")


def test_numbers_without_end_are_text() -> None:
    assert label_of({"k": math.inf}, "k") == "inf"


def test_records_get_the_label_as_their_own_value() -> None:
    records = [(1, {"path": "a", "x": {"y": 2.0}}), (3, {"path": "b"})]
    assert [record["x.y"] for _, record in with_key("l.jsonl", records, "x.y")] == ["2", None]
    with pytest.raises(CatalogError, match=r"l.jsonl has no labels under x.z") as caught:
        with_key("l.jsonl", records, "x.z")
    assert "path, x" in caught.value.hint
