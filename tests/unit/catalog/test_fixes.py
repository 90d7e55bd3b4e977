import csv

import pytest

from discern.catalog import Fix, read_fixes, write_fixes
from discern.errors import FixesError

ALL = [
    Fix(path="a/1.jpg", action="drop", other="a/2.jpg", score=0.875, why="exact_copy: the same pixels"),
    Fix(path="b.zip!/x.jpg", action="relabel", value="a cat, or a dog"),
    Fix(path="c.jpg", action="group", value="film 7", other="d.jpg"),
    Fix(path="d.jpg", action="group", other="c.jpg"),
    Fix(path="e.jpg", action="keep", why='said "as it is"\nby hand'),
]


def write(tmp_path, text: str | bytes):
    path = tmp_path / "fixes.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_what_is_written_is_read(tmp_path):
    write_fixes(tmp_path / "fixes.csv", ALL)
    assert read_fixes(tmp_path / "fixes.csv") == ALL
    assert [path.name for path in tmp_path.iterdir()] == ["fixes.csv"]


def test_the_form_that_lasts(tmp_path):
    """Format 1: later versions must still read it, and write it until the format changes."""
    write_fixes(tmp_path / "fixes.csv", ALL[:3])
    assert (tmp_path / "fixes.csv").read_bytes().decode() == (
        "path,action,value,with,score,why\r\n"
        "a/1.jpg,drop,,a/2.jpg,0.875,exact_copy: the same pixels\r\n"
        'b.zip!/x.jpg,relabel,"a cat, or a dog",,,\r\n'
        "c.jpg,group,film 7,d.jpg,,\r\n"
    )


def test_no_fixes_are_a_file_with_a_header(tmp_path):
    write_fixes(tmp_path / "fixes.csv", [])
    assert read_fixes(tmp_path / "fixes.csv") == []


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_spreadsheet_runs_nothing(tmp_path, start):
    path = start + "cmd|' /C calc'!A0"
    fix = Fix(path=path, action="relabel", value=path, other=path, why=path)
    write_fixes(tmp_path / "fixes.csv", [fix])
    with (tmp_path / "fixes.csv").open(encoding="utf-8", newline="") as file:
        (row,) = list(csv.DictReader(file))
    assert row["path"] == "./" + path
    assert all(row[name].startswith("./") for name in ("value", "with", "why"))
    assert read_fixes(tmp_path / "fixes.csv") == [fix]


def test_a_label_that_looks_guarded_stays_itself(tmp_path):
    fix = Fix(path="a", action="relabel", value="./=x", why="./y")
    write_fixes(tmp_path / "fixes.csv", [fix])
    assert read_fixes(tmp_path / "fixes.csv") == [fix]


def test_a_path_may_be_written_with_a_leading_dot(tmp_path):
    (fix,) = read_fixes(write(tmp_path, "path,action\n./a.jpg,drop\n"))
    assert fix.path == "a.jpg"


def test_what_spreadsheets_make_of_it(tmp_path):
    text = "\ufeffpath;action;value;with;score;why\r\na.jpg;Drop ;;b.jpg;0,93;exact_copy: x\r\n;;;;;\r\n"
    expected = Fix(path="a.jpg", action="drop", other="b.jpg", score=0.93, why="exact_copy: x")
    assert read_fixes(write(tmp_path, text)) == [expected]


def test_columns_in_any_order_and_optional_ones_left_out(tmp_path):
    assert read_fixes(write(tmp_path, "Action,Value,Path,\nrelabel,cat,a.jpg,\n")) == [
        Fix(path="a.jpg", action="relabel", value="cat")
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("path,value\na,b\n", "0 columns 'action'"),
        ("path,action,path\na,b,c\n", "2 columns 'path'"),
        ("path,action,format\na,drop,2\n", "not known: format.*newer version"),
        ("path,action\na,drop\nb,delete\n", "line 3: 'delete' is no action.*drop, relabel, group, keep"),
        ("path,action\n,drop\n", "line 2: A fix names no picture"),
        ("path,action\na,relabel\n", "line 2: a is to be relabelled"),
        ("path,action\na,group\n", "line 2: a is to be grouped"),
        ("path,action,score\na,drop,high\n", "line 2: 'high' is no score"),
        ("path,action,score\na,drop,1,000\n", "line 2: 4 cells under 3"),
        ('path,action\n"a\nb",drop\nc,\n', "line 4: '' is no action"),
        (b"path,action\n\xe9,drop\n", "line 2: not UTF-8.*CSV UTF-8"),
    ],
)
def test_what_cannot_be_read_names_the_line_and_the_remedy(tmp_path, text, message):
    with pytest.raises(FixesError, match=message) as caught:
        read_fixes(write(tmp_path, text))
    assert caught.value.hint


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FixesError, match="cannot be read"):
        read_fixes(tmp_path / "absent.csv")


def test_a_folder_that_cannot_be_written(tmp_path):
    with pytest.raises(FixesError, match="cannot be written"):
        write_fixes(tmp_path / "absent" / "fixes.csv", ALL)


def test_a_failed_write_leaves_the_former_file(tmp_path):
    path = write(tmp_path, "path,action\na,drop\n")
    with pytest.raises(UnicodeEncodeError):
        write_fixes(path, [Fix(path="\udcff", action="drop")])
    assert read_fixes(path) == [Fix(path="a", action="drop")]
