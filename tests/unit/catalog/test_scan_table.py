import numpy as np

from discern.catalog.scan_table import SCANNED, facts_table, to_scanned_files, to_table, to_tables
from discern.catalog.scanned_file import ScannedFile
from discern.picture.picture_facts import FACTS

FILES = [
    ScannedFile(path="a/1.png", bytes=7, content="c" * 64),
    ScannedFile(
        path="z!/2", archive="z", label="x", part="test", group="g", error="empty", message="Nothing is in it."
    ),
]


def test_scanned_files_survive_a_table():
    assert to_scanned_files(to_table(FILES)) == FILES
    assert dict(to_table(FILES[:1]).schema) == SCANNED


def test_no_files_are_an_empty_table():
    assert dict(to_table([]).schema) == SCANNED
    assert [len(table) for table in to_tables([])] == [0]


def test_tables_have_some_thousand_rows_in_order():
    batches = [[ScannedFile(path=str(100 * batch + at)) for at in range(100)] for batch in range(90)]
    tables = list(to_tables(iter(batches)))
    assert len(tables) == 3
    assert [path for table in tables for path in table["path"]] == [str(at) for at in range(9000)]


def test_missing_facts_are_null():
    facts = np.zeros(2, FACTS)
    facts[1] = (b"p" * 64, 4, 3, b"PNG", b"RGB", 0.5, b"Canon", 4095, 0, 1_706_696_102_123)
    facts["sharpness"][0] = np.nan
    facts["peak"][0] = facts["missing_rows"][0] = facts["taken"][0] = -1
    table = facts_table(facts)
    assert table["camera"].to_list() == [None, "Canon"]
    assert table["peak"].to_list() == [None, 4095]
    assert table["missing_rows"].to_list() == [None, 0]
    assert table["taken"].to_list() == [None, 1_706_696_102_123]
    assert table["sharpness"].to_list() == [None, 0.5]
    assert table.row(1) == ("p" * 64, 4, 3, "PNG", "RGB", 0.5, "Canon", 4095, 0, 1_706_696_102_123)
    assert len(facts_table(np.zeros(0, FACTS))) == 0
