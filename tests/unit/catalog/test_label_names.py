from pathlib import Path

import pytest

from discern.catalog import read_names
from discern.catalog.label_names import read_name_table
from discern.errors import NamesError

LABELS = ("1", "n03394916")


def names_file(folder: Path, text: str | bytes) -> Path:
    path = folder / "names.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_names_are_read_by_label(tmp_path):
    path = names_file(tmp_path, "label,name,spoken,route\nn03394916,French horn,horn,bay 2\n1,one,,\nother,x,y,z\n")
    assert read_names(path, LABELS) == {
        "1": {"name": "one", "spoken": "", "route": ""},
        "n03394916": {"name": "French horn", "spoken": "horn", "route": "bay 2"},
    }


@pytest.mark.parametrize("text", ["Label;Route\n1;bay 1\n", "\ufefflabel\troute\r\n 1 \tbay 1\r\n"])
def test_columns_may_be_omitted_and_separated_in_any_usual_way(tmp_path, text):
    assert read_names(names_file(tmp_path, text), LABELS) == {"1": {"name": "", "spoken": "", "route": "bay 1"}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("label\n1\n", "columns"),
        ("id,name\n1,one\n", "columns"),
        ("label,name,name\n1,one,two\n", "columns"),
        ("label,name\n1,one\n1,two\n", "listed twice"),
        ("label,name\n2,two\n", "none of the labels"),
        ('label,name\n1,"a\nb"\n', "is not a valid name"),
        ("label,name\n1,a\u202eb\n", "is not a valid name"),
        ("", "empty"),
        (b"label,name\n1,\xff\n", "UTF-8"),
    ],
)
def test_invalid_files_are_errors(tmp_path, text, message):
    with pytest.raises(NamesError, match=message):
        read_names(names_file(tmp_path, text), LABELS)


def test_a_missing_file_is_an_error(tmp_path):
    for path in (tmp_path, tmp_path / "missing.csv"):
        with pytest.raises(NamesError, match="not a file"):
            read_names(path, LABELS)


def test_labels_match_whatever_their_blanks_and_unicode_form(tmp_path):
    path = names_file(tmp_path, 'label , name\n\u00a0cafe\u0301\u3000, "Caf\u00e9, open" \n')
    assert read_names(path, ("caf\u00e9",)) == {"caf\u00e9": {"name": "Caf\u00e9, open", "spoken": "", "route": ""}}


def test_aliases_are_separated_by_semicolons(tmp_path):
    table = read_name_table(names_file(tmp_path, "label,alias\nhorn, 0 ;n03394916;horn;;0\nbell,cafe\u0301\ncow,\n"))
    assert table.aliases == {"horn": ("0", "n03394916"), "bell": ("café",)}
    assert table.labels_by_alias() == {"0": "horn", "n03394916": "horn", "café": "bell"}
    assert table.names_of(("horn", "cow")) == {}
    assert table.aliases_of(("horn", "cow")) == {"horn": ["0", "n03394916"]}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("horn,0\nbell,0;1\n", "0 is an alias of 'horn' and of 'bell'"),
        ("horn,0\n0,zero\n", "0 is an alias of 'horn' and a label itself"),
        ("horn,bell\nbell,horn\n", "a label itself"),
        ("horn,_other\n", "_other is an alias of 'horn' and a label itself"),
    ],
)
def test_an_alias_stands_for_one_label(tmp_path, rows, message):
    with pytest.raises(NamesError, match=message):
        read_name_table(names_file(tmp_path, f"label,alias\n{rows}")).labels_by_alias()
