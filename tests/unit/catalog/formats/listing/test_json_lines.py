import pytest

from discern.catalog.formats.listing.json_lines import plain_text, read_records
from discern.errors import CatalogError


def test_each_line_is_an_object():
    data = b'\xef\xbb\xbf{"a": 1}\r\n\r\n{"b": [2]}'
    assert read_records("r", data) == [(1, {"a": 1}), (3, {"b": [2]})]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"a": 1}\n{"a": \n', "r, line 2: "),
        (b"[1]", "line 1: not a JSON object"),
        (b'{"a": 1, "a": 2}', "line 1: the key 'a' is duplicated"),
        (b'{"a": ' + b"[" * 50_000, "line 1"),
        (b"{}\n\xff", "line 2: not UTF-8"),
        (b'{"a": "' + b"x" * 2_000_000 + b'"}', "line 1: the line has 2,000,009 characters"),
    ],
)
def test_invalid_lines_are_errors(data, message):
    with pytest.raises(CatalogError, match=message) as caught:
        read_records("r", data)
    assert caught.value.hint


@pytest.mark.parametrize(("value", "text"), [("cat", "cat"), (3, "3"), (None, None), (False, "False"), (1.5, "1.5")])
def test_scalars_become_text(value, text):
    assert plain_text("r", "label", value) == text


@pytest.mark.parametrize("value", [[], ["a"], {"a": 1}, "\udcff"])
def test_other_values_are_errors(value):
    with pytest.raises(CatalogError, match="r: label is"):
        plain_text("r", "label", value)
