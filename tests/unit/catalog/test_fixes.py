import csv
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from discern.catalog import COLUMNS, Catalog, Fix, apply_fixes, read_fixes, write_fixes
from discern.errors import FixesError
from tests.unit.catalog.factories import picture, write_files

ALL = [
    Fix(path="a/1.jpg", action="drop", other="a/2.jpg", score=0.875, why="exact_copy: the same pixels"),
    Fix(path="b.zip!/x.jpg", action="relabel", value="a cat, or a dog"),
    Fix(path="c.jpg", action="group", value="film 7", other="d.jpg"),
    Fix(path="d.jpg", action="group", other="c.jpg"),
    Fix(path="e.jpg", action="keep", why='kept "as it is"\nby hand'),
]


def write(tmp_path, text: str | bytes):
    path = tmp_path / "fixes.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_written_fixes_are_read_back(tmp_path):
    write_fixes(tmp_path / "fixes.csv", ALL)
    assert read_fixes(tmp_path / "fixes.csv") == ALL
    assert [path.name for path in tmp_path.iterdir()] == ["fixes.csv"]


def test_the_file_format_is_stable(tmp_path):
    """Format 1, which later versions must be able to read."""
    write_fixes(tmp_path / "fixes.csv", ALL[:3])
    assert (tmp_path / "fixes.csv").read_bytes().decode() == (
        "path,action,value,with,score,why\r\n"
        "a/1.jpg,drop,,a/2.jpg,0.875,exact_copy: the same pixels\r\n"
        'b.zip!/x.jpg,relabel,"a cat, or a dog",,,\r\n'
        "c.jpg,group,film 7,d.jpg,,\r\n"
    )


def test_an_empty_list_of_fixes_is_a_header(tmp_path):
    write_fixes(tmp_path / "fixes.csv", [])
    assert read_fixes(tmp_path / "fixes.csv") == []


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_formulas_are_escaped(tmp_path, start):
    path = start + "cmd|' /C calc'!A0"
    fix = Fix(path=path, action="relabel", value=path, other=path, why=path)
    write_fixes(tmp_path / "fixes.csv", [fix])
    with (tmp_path / "fixes.csv").open(encoding="utf-8", newline="") as file:
        (row,) = list(csv.DictReader(file))
    assert row["path"] == "./" + path
    assert all(row[name].startswith("./") for name in ("value", "with", "why"))
    assert read_fixes(tmp_path / "fixes.csv") == [fix]


def test_a_label_that_looks_escaped_is_unchanged(tmp_path):
    fix = Fix(path="a", action="relabel", value="./=x", why="./y")
    write_fixes(tmp_path / "fixes.csv", [fix])
    assert read_fixes(tmp_path / "fixes.csv") == [fix]


def test_a_path_may_have_a_leading_dot(tmp_path):
    (fix,) = read_fixes(write(tmp_path, "path,action\n./a.jpg,drop\n"))
    assert fix.path == "a.jpg"


def test_a_file_saved_by_a_spreadsheet_is_read(tmp_path):
    text = "\ufeffpath;action;value;with;score;why\r\na.jpg;Drop ;;b.jpg;0,93;exact_copy: x\r\n;;;;;\r\n"
    expected = Fix(path="a.jpg", action="drop", other="b.jpg", score=0.93, why="exact_copy: x")
    assert read_fixes(write(tmp_path, text)) == [expected]


def test_columns_may_be_reordered_or_omitted(tmp_path):
    assert read_fixes(write(tmp_path, "Action,Value,Path,\nrelabel,cat,a.jpg,\n")) == [
        Fix(path="a.jpg", action="relabel", value="cat")
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("path,value\na,b\n", "0 columns 'action'"),
        ("path,action,path\na,b,c\n", "2 columns 'path'"),
        ("path,action,format\na,drop,2\n", "unknown columns: format.*newer version"),
        ("path,action\na,drop\nb,delete\n", "line 3: Unknown action 'delete'.*drop, relabel, group, keep"),
        ("path,action\n,drop\n", "line 2: The path is empty"),
        ("path,action\na,relabel\n", "line 2: The new label of a is missing"),
        ("path,action\na,group\n", "line 2: The group of a is missing"),
        ("path,action,score\na,drop,high\n", "line 2: 'high' is not a number"),
        ("path,action,score\na,drop,1,000\n", "line 2: 4 cells, but 3 columns"),
        ('path,action\n"a\nb",drop\nc,\n', "line 4: Unknown action ''"),
        (b"path,action\n\xe9,drop\n", "line 2: not UTF-8.*CSV UTF-8"),
    ],
)
def test_invalid_files_are_errors_with_line_and_remedy(tmp_path, text, message):
    with pytest.raises(FixesError, match=message) as caught:
        read_fixes(write(tmp_path, text))
    assert caught.value.hint


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(FixesError, match="cannot be read"):
        read_fixes(tmp_path / "absent.csv")


def test_an_unwritable_folder_is_an_error(tmp_path):
    with pytest.raises(FixesError, match="cannot be written"):
        write_fixes(tmp_path / "absent" / "fixes.csv", ALL)


def test_a_failed_write_leaves_the_previous_file(tmp_path):
    path = write(tmp_path, "path,action\na,drop\n")
    with pytest.raises(UnicodeEncodeError):
        write_fixes(path, [Fix(path="\udcff", action="drop")])
    assert read_fixes(path) == [Fix(path="a", action="drop")]


@pytest.fixture
def catalog() -> Catalog:
    """Pictures a to f; b and c are in one group, e and f in another."""
    rows = {"path": list("abcdef"), "label": ["x", "x", "y", "y", None, "x"], "group": [None, "p", "p", None, "q", "q"]}
    table = pl.DataFrame({name: rows.get(name, [None] * 6) for name in COLUMNS}, schema=COLUMNS)
    thumbs = np.arange(6, dtype=np.uint8)[:, None, None, None] * np.ones((1, 64, 64, 3), np.uint8)
    return Catalog(root=Path("/r"), table=table, thumbs=thumbs)


def group(path: str, other: str = "", value: str = "") -> Fix:
    return Fix(path=path, action="group", value=value, other=other)


def groups(catalog: Catalog, *fixes: Fix) -> dict[str, str | None]:
    table = apply_fixes(catalog, fixes).table
    return dict(zip(table["path"], table["group"], strict=True))


def test_drop_removes_rows(catalog):
    fixed = apply_fixes(catalog, [Fix(path="b", action="drop"), Fix(path="e", action="drop", other="a")])
    assert fixed.table["path"].to_list() == ["a", "c", "d", "f"]
    assert fixed.thumbs[:, 0, 0, 0].tolist() == [0, 2, 3, 5]


def test_relabel_changes_labels(catalog):
    fixed = apply_fixes(
        catalog, [Fix(path="a", action="relabel", value="z"), Fix(path="e", action="relabel", value="y")]
    )
    assert fixed.table["label"].to_list() == ["z", "x", "y", "y", "y", "x"]
    assert fixed.labels == ("x", "y", "z")


def test_keep_changes_nothing(catalog):
    fixed = apply_fixes(catalog, [Fix(path="a", action="keep", value="z", other="b")])
    assert fixed.table.equals(catalog.table)
    assert fixed.fingerprint == catalog.fingerprint


def test_the_original_catalog_is_unchanged(catalog):
    before = catalog.table.clone()
    apply_fixes(
        catalog, [Fix(path="a", action="drop"), group("b", value="z"), Fix(path="c", action="relabel", value="z")]
    )
    assert catalog.table.equals(before)


def test_group_alone_moves_a_picture(catalog):
    assert groups(catalog, group("a", value="p"), group("b", value="new")) == {
        "a": "p",
        "b": "new",
        "c": "p",
        "d": None,
        "e": "q",
        "f": "q",
    }


def test_group_with_another_picture_groups_both(catalog):
    assert groups(catalog, group("a", "d", "z")) == {"a": "z", "b": "p", "c": "p", "d": "z", "e": "q", "f": "q"}
    assert groups(catalog, group("a", "d"))["a"] == groups(catalog, group("a", "d"))["d"] == "d"


def test_a_declared_group_is_never_divided(catalog):
    assert groups(catalog, group("a", "b")) == {"a": "p", "b": "p", "c": "p", "d": None, "e": "q", "f": "q"}
    assert groups(catalog, group("b", "e", "z")) == {"a": None, "b": "z", "c": "z", "d": None, "e": "z", "f": "z"}


def test_overlapping_groups_are_merged(catalog):
    fixed = groups(catalog, group("a", "d", "one"), group("d", "b", "two"), group("f", "a"))
    assert len(set(fixed.values())) == 1
    fixed = groups(catalog, group("a", "b", "one"), group("d", "e", "one"))
    assert set(fixed.values()) == {"one"}


def test_pictures_are_moved_before_groups_are_merged(catalog):
    assert groups(catalog, group("a", "b"), group("b", value="own")) == {
        "a": "own",
        "b": "own",
        "c": "p",
        "d": None,
        "e": "q",
        "f": "q",
    }


def test_a_dropped_picture_still_connects_groups(catalog):
    assert groups(catalog, Fix(path="d", action="drop"), group("a", "d", "z"), group("d", "f"))["a"] == "z"


@pytest.mark.parametrize(
    "fix", [Fix(path="absent.jpg", action="keep"), Fix(path="a", action="drop", other="absent.jpg")]
)
def test_an_unknown_picture_is_an_error(catalog, fix):
    with pytest.raises(FixesError, match=r"not in the data set: absent\.jpg\.") as caught:
        apply_fixes(catalog, [fix])
    assert caught.value.hint


def test_unknown_pictures_are_counted(catalog):
    with pytest.raises(FixesError, match="not in the data set: u, and 2 more"):
        apply_fixes(catalog, [Fix(path=path, action="drop") for path in "wuv"])


def test_two_labels_for_one_picture_are_an_error(catalog):
    twice = [Fix(path="a", action="relabel", value="z"), Fix(path="a", action="relabel", value="y")]
    assert apply_fixes(catalog, twice[:1] * 2).table["label"][0] == "z"
    with pytest.raises(FixesError, match="both 'z' and 'y'"):
        apply_fixes(catalog, twice)


def test_two_groups_for_one_picture_are_an_error(catalog):
    with pytest.raises(FixesError, match="both 'z' and 'y'"):
        apply_fixes(catalog, [group("a", value="z"), group("a", value="y")])


def test_no_fixes_change_nothing(catalog):
    assert apply_fixes(catalog, []).table.equals(catalog.table)


def test_thumbnails_stay_on_disk(folder, scan_source):
    catalog = scan_source(write_files(folder, {f"{number}.png": picture(number) for number in range(3)}))
    fixed = apply_fixes(catalog, [Fix(path="1.png", action="drop")])
    assert type(fixed.thumbs) is type(catalog.thumbs)
    assert np.array_equal(fixed.thumbs[:], catalog.thumbs[[0, 2]])
    assert [row for row, _ in fixed.read([0, 1])] == [0, 1]
    assert fixed.read_one(1) == picture(2)


def test_new_labels_and_groups_are_spelled_as_the_catalog_spells_them(catalog, tmp_path):
    rows = "a ,relabel,\u00a0cafe\u0301 \n\u3000b,relabel,caf\u00e9\nc,group, q \n"
    fixed = apply_fixes(catalog, read_fixes(write(tmp_path, f"path,action,value\n{rows}")))
    by_path = {row["path"]: row for row in fixed.table.iter_rows(named=True)}
    assert by_path["a"]["label"] == by_path["b"]["label"] == "caf\u00e9"
    assert by_path["c"]["group"] == by_path["e"]["group"] == "q"


@pytest.mark.parametrize("action", ["relabel", "group"])
def test_a_blank_value_is_an_error(catalog, action):
    with pytest.raises(FixesError, match="which is blank"):
        apply_fixes(catalog, [Fix(path="a", action=action, value="\u200b")])


def test_a_path_with_blanks_around_it_is_exact_first(folder, scan_source):
    found = scan_source(write_files(folder, {" 1.png": picture(1), "1.png": picture(2)}))
    assert apply_fixes(found, [Fix(path=" 1.png", action="drop")]).table["path"].to_list() == ["1.png"]
    assert apply_fixes(found, [Fix(path="1.png ", action="drop")]).table["path"].to_list() == [" 1.png"]
