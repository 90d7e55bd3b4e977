import pytest

from discern.catalog.formats.listing.delimited import read_delimited
from discern.errors import CatalogError, FixesError


def rows(data: bytes) -> list[tuple[int, list[str]]]:
    return list(read_delimited("t.csv", data, CatalogError).rows)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_separators_line_endings_and_byte_order_marks(separator, ending, mark):
    data = mark + ending.join(["a;b".replace(";", separator), "1;é".replace(";", separator), ""]).encode()
    table = read_delimited("t.csv", data, CatalogError)
    assert table.header == ["a", "b"]
    assert table.separator == separator
    assert list(table.rows) == [(2, ["1", "é"])]


def test_quoted_cells_may_contain_separators_quotes_and_line_endings():
    assert rows(b'a,b\n"1,""x""","2\n3"\n4,5\n') == [(3, ['1,"x"', "2\n3"]), (4, ["4", "5"])]


def test_empty_rows_are_skipped_and_short_rows_are_padded():
    assert rows(b"a,b\n\n,\n1\n") == [(4, ["1", ""])]


def test_extra_empty_cells_are_ignored():
    assert rows(b"a,b\n1,2,,\n") == [(2, ["1", "2"])]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"a,b\n1,2,3\n", "line 2: 3 cells, but 2 columns"),
        (b'a,b\n1,"2\n', "line 2: unexpected end"),
        (b'a,b\n"1"x,2\n', "line 2:"),
        (b"a,b\n1,\xe9\n", "line 2: not UTF-8"),
        ("a,b\n1,2".encode("utf-16"), "not UTF-8"),
    ],
)
def test_invalid_text_is_an_error_with_its_line(data, message):
    with pytest.raises(FixesError, match=message) as caught:
        list(read_delimited("t.csv", data, FixesError).rows)
    assert "t.csv" in caught.value.message
    assert caught.value.hint


def test_blanks_around_cells_can_be_removed():
    data = ' a , b\n "1" ,\u3000x y\u200b\n\t, \n"2, ""3""",\n "p, q" , r\n'.encode()
    table = read_delimited("t.csv", data, CatalogError, trim=True)
    assert table.header == ["a", "b"]
    assert list(table.rows) == [(2, ["1", "x y"]), (4, ['2, "3"', ""]), (5, ["p, q", "r"])]


def test_tabs_between_quoted_cells_are_separators():
    table = read_delimited("t.tsv", b'a\tb\tc\n"1"\t\t "2" \r\n', CatalogError, trim=True)
    assert list(table.rows) == [(2, ["1", "", "2"])]


def test_blanks_around_cells_are_kept_otherwise():
    assert rows(b"a, b\n 1 , 2\n") == [(2, [" 1 ", " 2"])]
