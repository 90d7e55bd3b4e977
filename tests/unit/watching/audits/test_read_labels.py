"""Labels are read from a CSV file, and a mistake is named with its line."""

from pathlib import Path

import pytest

from discern.errors import UsageError
from discern.watching.audits.read_labels import read_labels

LABELS = frozenset({"ripe", "green"})


def read(tmp_path: Path, text: str, labels: frozenset[str] | None = LABELS) -> list[tuple[str, str, bool]]:
    path = tmp_path / "labels.csv"
    path.write_bytes(text.encode())
    found = read_labels(path, time=5.0, labels=labels)
    assert {(each.time, each.source) for each in found} <= {(5.0, "csv")}
    return [(each.exchange, each.label, each.is_new) for each in found]


def test_labels_are_read_in_their_order(tmp_path: Path) -> None:
    assert read(tmp_path, "id,label\na,ripe\nb, green \n") == [("a", "ripe", False), ("b", "green", False)]


def test_a_spreadsheet_may_add_a_mark_columns_and_line_ends(tmp_path: Path) -> None:
    assert read(tmp_path, "\ufefflabel,file,id\r\nripe,x.jpg,a\r\n") == [("a", "ripe", False)]


def test_a_new_class_may_have_any_label(tmp_path: Path) -> None:
    text = "id,label,new\na,mango,yes\nb,ripe,\nc,ripe,NO\nd,kiwi,1\n"
    assert [is_new for _, _, is_new in read(tmp_path, text)] == [True, False, False, True]


def test_lines_that_are_not_filled_in_are_left_out(tmp_path: Path) -> None:
    assert read(tmp_path, "id,label\na,\nb,ripe\nc\n") == [("b", "ripe", False)]


def test_every_label_is_taken_without_a_list_of_classes(tmp_path: Path) -> None:
    assert read(tmp_path, "id,label\na,mango\n", None) == [("a", "mango", False)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "column id is missing"),
        ("id,answer\na,ripe\n", "column label is missing"),
        ("id,label\na,ripe\n,green\n", "line 3: the id is missing"),
        ("id,label\na,ripe\nb,rippe\n", "line 3: 'rippe' is none of the model's classes"),
        ("id,label,new\na,ripe,maybe\n", "line 2: new is 'maybe'"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read(tmp_path, text)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes("id,label\na,pêche\n".encode("latin-1"))
    for name in ("absent.csv", "latin.csv"):
        with pytest.raises(UsageError, match=f"{name} cannot be read"):
            read_labels(tmp_path / name, time=0)
