"""Properties of `fixes.csv`: fixes survive writing, reading and spreadsheets, whatever their text."""

import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discern.catalog import Fix, read_fixes, write_fixes
from discern.catalog.path_text import to_text

START = st.sampled_from(["", "=", "+", "-", "@", "\t", "\r", "./", ".//", "././=", '"', ";", ","])
text = st.builds(str.__add__, START, st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
# Catalog paths never start with "./".
paths = text.map(to_text).filter(lambda path: path and not path.startswith("./"))
fixes = st.lists(
    st.builds(
        Fix,
        path=paths,
        action=st.sampled_from(["drop", "keep", "relabel", "group"]),
        value=text.map(lambda value: value if value.strip() else "x"),
        other=st.just("") | paths,
        score=st.none() | st.floats(0, 1),
        why=text,
    ),
    max_size=5,
)


@pytest.mark.slow
@given(fixes)
def test_fixes_are_read_back(written):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fixes.csv"
        write_fixes(path, written)
        assert read_fixes(path) == written


@given(fixes)
def test_no_cell_is_a_formula(written):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fixes.csv"
        write_fixes(path, written)
        for row in csv.reader(io.StringIO(path.read_bytes().decode(), newline="")):
            assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)


@pytest.mark.slow
@given(fixes, st.sampled_from([";", "\t", ","]), st.booleans(), st.sampled_from(["\n", "\r\n"]))
def test_fixes_saved_by_a_spreadsheet_are_read_back(written, separator, mark, ending):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fixes.csv"
        write_fixes(path, written)
        rows = list(csv.reader(io.StringIO(path.read_bytes().decode(), newline="")))
        saved = io.StringIO(newline="")
        csv.writer(saved, delimiter=separator, lineterminator=ending, quoting=csv.QUOTE_ALL).writerows(rows)
        path.write_bytes(saved.getvalue().encode("utf-8-sig" if mark else "utf-8"))
        assert read_fixes(path) == written
