from pathlib import Path

import numpy as np
import polars as pl
import pytest

from discern.catalog import COLUMNS, Catalog, Fix, apply_fixes
from discern.errors import FixesError
from tests.unit.catalog.factories import picture, write_files


@pytest.fixture
def catalog() -> Catalog:
    """Pictures a to f; b and c are declared to be of one group, and so are e and f."""
    rows = {"path": list("abcdef"), "label": ["x", "x", "y", "y", None, "x"], "group": [None, "p", "p", None, "q", "q"]}
    table = pl.DataFrame({name: rows.get(name, [None] * 6) for name in COLUMNS}, schema=COLUMNS)
    thumbs = np.arange(6, dtype=np.uint8)[:, None, None, None] * np.ones((1, 64, 64, 3), np.uint8)
    return Catalog(root=Path("/r"), table=table, thumbs=thumbs)


def group(path: str, other: str = "", value: str = "") -> Fix:
    return Fix(path=path, action="group", value=value, other=other)


def groups(catalog: Catalog, *fixes: Fix) -> dict[str, str | None]:
    table = apply_fixes(catalog, fixes).table
    return dict(zip(table["path"], table["group"], strict=True))


def test_drop_takes_rows_out(catalog):
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


def test_the_former_catalog_stays_as_it_was(catalog):
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


def test_group_with_another_ties_the_two(catalog):
    assert groups(catalog, group("a", "d", "z")) == {"a": "z", "b": "p", "c": "p", "d": "z", "e": "q", "f": "q"}
    assert groups(catalog, group("a", "d"))["a"] == groups(catalog, group("a", "d"))["d"] == "d"


def test_a_tie_never_takes_a_declared_group_apart(catalog):
    assert groups(catalog, group("a", "b")) == {"a": "p", "b": "p", "c": "p", "d": None, "e": "q", "f": "q"}
    assert groups(catalog, group("b", "e", "z")) == {"a": None, "b": "z", "c": "z", "d": None, "e": "z", "f": "z"}


def test_ties_that_meet_make_one_group(catalog):
    fixed = groups(catalog, group("a", "d", "one"), group("d", "b", "two"), group("f", "a"))
    assert len(set(fixed.values())) == 1
    fixed = groups(catalog, group("a", "b", "one"), group("d", "e", "one"))
    assert set(fixed.values()) == {"one"}


def test_moving_comes_before_tying(catalog):
    assert groups(catalog, group("a", "b"), group("b", value="own")) == {
        "a": "own",
        "b": "own",
        "c": "p",
        "d": None,
        "e": "q",
        "f": "q",
    }


def test_a_dropped_picture_still_ties(catalog):
    assert groups(catalog, Fix(path="d", action="drop"), group("a", "d", "z"), group("d", "f"))["a"] == "z"


@pytest.mark.parametrize(
    "fix", [Fix(path="absent.jpg", action="keep"), Fix(path="a", action="drop", other="absent.jpg")]
)
def test_a_picture_that_is_not_there_is_named(catalog, fix):
    with pytest.raises(FixesError, match=r"not there: absent\.jpg\.") as caught:
        apply_fixes(catalog, [fix])
    assert caught.value.hint


def test_many_pictures_that_are_not_there_are_counted(catalog):
    with pytest.raises(FixesError, match="not there: u, and 2 more"):
        apply_fixes(catalog, [Fix(path=path, action="drop") for path in "wuv"])


def test_two_labels_for_one_picture_are_refused(catalog):
    twice = [Fix(path="a", action="relabel", value="z"), Fix(path="a", action="relabel", value="y")]
    assert apply_fixes(catalog, twice[:1] * 2).table["label"][0] == "z"
    with pytest.raises(FixesError, match="both 'z' and 'y'"):
        apply_fixes(catalog, twice)


def test_two_groups_for_one_picture_are_refused(catalog):
    with pytest.raises(FixesError, match="both 'z' and 'y'"):
        apply_fixes(catalog, [group("a", value="z"), group("a", value="y")])


def test_no_fixes_at_all(catalog):
    assert apply_fixes(catalog, []).table.equals(catalog.table)


def test_thumbnails_stay_on_disk(folder, look_at):
    catalog = look_at(write_files(folder, {f"{number}.png": picture(number) for number in range(3)}))
    fixed = apply_fixes(catalog, [Fix(path="1.png", action="drop")])
    assert type(fixed.thumbs) is type(catalog.thumbs)
    assert np.array_equal(fixed.thumbs[:], catalog.thumbs[[0, 2]])
    assert [row for row, _ in fixed.read([0, 1])] == [0, 1]
    assert fixed.read_one(1) == picture(2)
