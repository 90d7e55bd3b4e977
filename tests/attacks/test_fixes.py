"""Files of fixes damaged by people, spreadsheets and crashes: applied as meant, or an error with the line."""

import os
from pathlib import Path

import pytest

from discern.catalog import apply_fixes, read_fixes, write_fixes
from discern.catalog.fixes import Fix
from discern.errors import FixesError
from tests.attacks.hostile_persisted import DAMAGED, HEADER, UNFIT
from tests.unit.conftest import catalog_of
from tests.unit.full_disk import full_disk

PATHS = ["blue/b.png", "red/a.png", "=1+1.png", "./-x.png", "a,b;c.png", "two\nlines.png"]

READABLE = {
    "the_header_alone": (HEADER, []),
    "a_byte_order_mark": (b"\xef\xbb\xbf" + HEADER + b"red/a.png,drop,,,,\n", ["red/a.png"]),
    "windows_line_endings": (HEADER.replace(b"\n", b"\r\n") + b"red/a.png,drop,,,,\r\n", ["red/a.png"]),
    "classic_mac_line_endings": (HEADER.replace(b"\n", b"\r") + b"red/a.png,drop,,,,\r", ["red/a.png"]),
    "semicolons_and_a_decimal_comma": (HEADER.replace(b",", b";") + b"red/a.png;drop;;;0,5;x\n", ["red/a.png"]),
    "tabs": (HEADER.replace(b",", b"\t") + b"red/a.png\tdrop\t\t\t\t\n", ["red/a.png"]),
    "fewer_columns_in_capitals": (b"ACTION, Path\n DROP ,red/a.png\n", ["red/a.png"]),
    "blank_lines": (HEADER + b"\n,,,,,\nred/a.png,drop,,,,\n\n", ["red/a.png"]),
    "no_last_newline": (HEADER + b"red/a.png,drop", ["red/a.png"]),
    "a_duplicate_row": (HEADER + b"red/a.png,drop,,,,\n" * 2, ["red/a.png"]),
    "an_escaped_formula": (HEADER + b"./=1+1.png,drop,,,,\n", ["=1+1.png"]),
    "a_formula_that_is_not_escaped": (HEADER + b"=1+1.png,drop,,,,\n", ["=1+1.png"]),
    "quoted_cells": (HEADER + b'"a,b;c.png",drop,,,,\n"two\nlines.png",drop,,,,\n', ["a,b;c.png", PATHS[5]]),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "fixes.csv"


def catalog():
    """Return a catalog with the paths of `PATHS`."""
    return catalog_of(["x"] * len(PATHS), path=PATHS)


@pytest.mark.parametrize("name", READABLE)
def test_readable_files_are_applied(file: Path, name: str) -> None:
    data, dropped = READABLE[name]
    file.write_bytes(data)
    remaining = apply_fixes(catalog(), read_fixes(file)).table["path"].to_list()
    assert remaining == [path for path in PATHS if path not in dropped]


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_files_are_errors_with_line_and_remedy(file: Path, name: str) -> None:
    data, message = DAMAGED[name]
    file.write_bytes(data)
    with pytest.raises(FixesError, match=message) as caught:
        read_fixes(file)
    assert caught.value.hint
    assert str(file) in caught.value.message


@pytest.mark.parametrize("name", UNFIT)
def test_fixes_that_do_not_fit_the_catalog_are_errors(file: Path, name: str) -> None:
    data, message = UNFIT[name]
    file.write_bytes(HEADER + data)
    with pytest.raises(FixesError, match=message) as caught:
        apply_fixes(catalog(), read_fixes(file))
    assert caught.value.hint


@pytest.mark.parametrize("kind", ["folder", "missing", "pipe", "device"])
def test_other_files_are_errors_and_never_block(file: Path, kind: str) -> None:
    if kind == "folder":
        file.mkdir()
    if kind == "pipe":
        if not hasattr(os, "mkfifo"):
            pytest.skip("no named pipes on this system")
        os.mkfifo(file)
    if kind == "device":
        if not Path("/dev/zero").exists():
            pytest.skip("no /dev/zero on this system")
        file.symlink_to("/dev/zero")
    with pytest.raises(FixesError, match=r"fixes\.csv"):
        read_fixes(file)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "./=", "././-"])
def test_no_cell_is_a_formula_and_each_is_read_back(file: Path, start: str) -> None:
    text = f"{start}HYPERLINK(1)"
    fix = Fix(path=f"{start}a.png", action="relabel", value=text, other=text, score=0.5, why=text)
    write_fixes(file, [fix])
    row = file.read_text().split("\n", 1)[1]
    assert not [cell for cell in row.split(",") if cell.strip('"').startswith(("=", "+", "-", "@", "\t", "\r"))]
    (read,) = read_fixes(file)
    assert (read.value, read.why) == (text, text)


def test_fixes_are_written_atomically(file: Path) -> None:
    write_fixes(file, [Fix(path="a.png", action="drop")])
    before = file.read_bytes()
    with pytest.raises(FixesError, match="cannot be written"), full_disk():
        write_fixes(file, [Fix(path="b.png", action="drop")])
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == [file.name]
