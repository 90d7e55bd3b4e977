"""Lists that give a picture several labels are not taken for mistakes."""

import pytest

from discern.catalog.formats.listing.listing_source import read_listing
from discern.catalog.multi_label import MULTI_LABEL
from discern.errors import CatalogError


def table(pictures: int, several: int) -> bytes:
    rows = [f"{number}.jpg,cat" for number in range(pictures)] + [f"{number}.jpg,dog" for number in range(several)]
    return "\n".join(["path,label", *rows]).encode()


def test_many_pictures_in_rows_of_several_labels_look_multi_label() -> None:
    with pytest.raises(
        CatalogError, match=f"^{MULTI_LABEL}: 10 of 20 pictures are listed with several labels"
    ) as caught:
        read_listing("t.csv", table(20, 10))
    assert "t.csv, line 22: '0.jpg' is already listed with another label" in caught.value.message
    assert "one model for each label" in caught.value.hint


def test_a_few_contradicting_rows_stay_conflicts() -> None:
    with pytest.raises(CatalogError, match="is already listed with another label") as caught:
        read_listing("t.csv", table(40, 3))
    assert MULTI_LABEL not in str(caught.value)


def test_rows_of_several_ones_look_multi_label() -> None:
    rows = [f"{number}.jpg,1,{int(number < 12)}" for number in range(20)]
    with pytest.raises(CatalogError, match=f"^{MULTI_LABEL}: t.csv gives several classes to 12 of 20 pictures"):
        read_listing("t.csv", "\n".join(["path,cat,dog", *rows]).encode())
    notes: list[str] = []
    rows = [f"{number}.jpg,1,{int(number < 8)}" for number in range(20)]
    read_listing("t.csv", "\n".join(["path,cat,dog", *rows]).encode(), add_note=notes.append)
    assert notes[0].startswith(f"{MULTI_LABEL}: t.csv gives several classes to 8 of 20 pictures")


@pytest.mark.parametrize("text", ["0\t1\t1\t0\ta.jpg\n", "0\t3\t7\ta.jpg\n"])
def test_a_line_of_several_labels_is_multi_label(text: str) -> None:
    with pytest.raises(CatalogError, match=f"t.lst, line 1: . labels for one picture. {MULTI_LABEL}"):
        read_listing("t.lst", text.encode())


@pytest.mark.parametrize("separator", ["|", ";", "; "])
def test_several_labels_in_one_cell_are_told(separator: str) -> None:
    notes: list[str] = []
    labels = ["cat", "dog", f"cat{separator}dog"] * 10
    rows = [f"{number}.jpg\t{label}" for number, label in enumerate(labels)]
    read_listing("t.tsv", "\n".join(["path\tlabel", *rows]).encode(), add_note=notes.append)
    assert notes == [
        f"{MULTI_LABEL}: 10 of 30 pictures have several labels in one cell, such as cat{separator}dog. "
        "Each combination is a class of its own here."
    ]


def test_names_with_commas_are_names() -> None:
    notes: list[str] = []
    labels = ["banana, ripe", "banana, green", "apple, ripe", "apple, green"] * 10
    rows = [f"{number}.jpg\t{label}" for number, label in enumerate(labels)]
    read_listing("t.tsv", "\n".join(["path\tlabel", *rows]).encode(), add_note=notes.append)
    assert notes == []


def test_a_list_of_labels_in_json_is_told() -> None:
    with pytest.raises(CatalogError, match="label is a list") as caught:
        read_listing("t.jsonl", b'{"path": "a.jpg", "label": ["cat", "dog"]}\n')
    assert "several labels for one picture are not supported" in caught.value.hint
