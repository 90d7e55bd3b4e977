"""The classes that are used are parsed, found, and separated from others."""

from pathlib import Path

import polars as pl
import pytest

from discern.catalog.class_rules import ClassRules, format_classes, parse_classes
from discern.errors import UsageError


def files(*labels: str | None) -> pl.DataFrame:
    """A table of files with the given labels; their paths are their places."""
    paths = [str(place) for place in range(len(labels))]
    return pl.DataFrame({"path": paths, "label": list(labels)}, {"path": pl.String, "label": pl.String})


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("bicycle,motorcycle", ("bicycle", "motorcycle")),
        (" bicycle , motorcycle ", ("bicycle", "motorcycle")),
        ('"red, ripe", green', ("red, ripe", "green")),
        ('5" pipe,b', ('5" pipe', "b")),
        ("cafe\u0301,cafe\u0301,b", ("café", "b")),
        (["a, b", "c "], ("a, b", "c")),
        ("1,10", ("1", "10")),
    ],
)
def test_names_are_spelt_like_labels(given: object, names: tuple[str, ...]) -> None:
    assert parse_classes(given) == names  # type: ignore[arg-type]
    assert parse_classes(format_classes(names)) == names


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", "bicycle\n\n  motorcycle \r\n"),
        ("a.txt", "\ufeffbicycle\nmotorcycle"),
        ("a.csv", "index,label\n8,bicycle\n48,motorcycle\n"),
        ("a.tsv", "Label\tindex\nbicycle\t8\nmotorcycle\t48\n"),
        ("a.csv", "label\nbicycle\nmotorcycle\n"),
        ("a.csv", "bicycle\nmotorcycle\n"),
    ],
)
def test_a_file_has_one_label_per_line_or_a_column(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    assert parse_classes(path) == parse_classes(str(path)) == ("bicycle", "motorcycle")


@pytest.mark.parametrize(("name", "text"), [("a.txt", 'red, ripe\n5" pipe\n'), ("a.csv", '"red, ripe"\n"5"" pipe"\n')])
def test_labels_in_files_may_contain_commas_and_quotes(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert parse_classes(tmp_path / name) == ("red, ripe", '5" pipe')


@pytest.mark.parametrize("given", ["", " ", "a,,b", "a,", [], ["a", " "], [1, 2]])
def test_blank_names_are_refused(given: object) -> None:
    with pytest.raises(UsageError):
        parse_classes(given)  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "data"), [("a.txt", b"\n\n"), ("a.csv", b"x,y\n1,2\n"), ("a.txt", b"\xff\xfe")])
def test_files_without_labels_are_refused(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UsageError):
        parse_classes(tmp_path / name)


def test_files_of_other_classes_are_listed_and_negatives_and_unlabelled_ones_stay() -> None:
    kept, left_out = ClassRules(names=("a", "b")).split(files("a", "b", "c", None, "_other"))
    assert kept["path"].to_list() == ["0", "1", "3", "4"]
    assert [(each.path, each.reason) for each in left_out] == [("2", "class_not_chosen")]


def test_labels_of_fixes_decide_in_place_of_those_of_the_source() -> None:
    rules = ClassRules(names=("a", "new"), relabelled={"0": "c", "2": "a", "1": "new"})
    assert rules.split(files("a", "b", "c", "c"))[0]["path"].to_list() == ["1", "2"]


def test_an_unknown_class_is_named_with_the_near_ones_and_the_list() -> None:
    with pytest.raises(UsageError) as caught:
        ClassRules(names=("bicycle", "Motor cycle", "wing.txt")).is_other(files("bicycle", "motorcycle", "apple"))
    assert "Motor cycle, wing.txt" in caught.value.message
    assert "Did you mean motorcycle?" in caught.value.hint
    assert "There is no such file." in caught.value.hint
    assert "apple, bicycle, motorcycle" in caught.value.hint


def test_classes_go_by_their_aliases_as_well() -> None:
    rules = ClassRules(names=("0", "motorcycle"), aliases={"0": "bicycle", "1": "motorcycle"})
    notes: list[str] = []
    renamed = rules.replace_aliases(files("0", "1", "2"), notes.append)
    assert renamed["label"].to_list() == ["bicycle", "motorcycle", "2"]
    assert rules.split(renamed)[0]["path"].to_list() == ["0", "1"]
    assert notes == ["By their aliases, 0 was taken for bicycle, and 1 for motorcycle."]
