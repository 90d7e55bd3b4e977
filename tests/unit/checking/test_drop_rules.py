"""Rules for dropping: each picture once, a copy always stays, and conflicts are not resolved."""

from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest

from discern.checking import CHECKS
from discern.checking.drop_rules import DROPPABLE, DropRules, Drops, choose_drops, describe_emptied
from discern.checking.findings_table import COLUMNS
from discern.errors import UsageError
from tests.unit.conftest import catalog_of


def choose(
    labels: Sequence[str | None],
    found: Sequence[tuple[str, Sequence[str]]],
    *,
    path: Sequence[str] | None = None,
    keep_first: bool = False,
    min_side: int | None = None,
    drop: Sequence[str] = (),
    **columns: Any,
) -> Drops:
    """Drops of pictures called a, b, c, ... for findings, each a check with its paths."""
    path = path or [chr(ord("a") + row) for row in range(len(labels))]
    catalog = catalog_of(labels, path=path, **columns)
    rows = [(check, list(paths), 0.5, "keep", "", f"{check} found it.") for check, paths in found]
    rules = DropRules(checks=tuple(drop), min_side=min_side, keep_first=keep_first)
    return choose_drops(catalog, pl.DataFrame(rows, schema=COLUMNS, orient="row"), rules)


def dropped(drops: Drops) -> str:
    assert len({fix.path for fix in drops.fixes}) == len(drops.fixes) == sum(drops.rows.values())
    assert all(fix.action == "drop" for fix in drops.fixes)
    return "".join(fix.path for fix in drops.fixes)


def test_only_pictures_of_the_named_checks_are_dropped() -> None:
    found = [("blurred", "b"), ("dark", "c"), ("odd_one_out", "d")]
    drops = choose(["x"] * 5, found, drop=["blurred", "dark", "blank"])
    assert dropped(drops) == "bc"
    assert drops.rows == {"blurred": 1, "dark": 1, "blank": 0}
    assert drops.fixes[0].why == "blurred: blurred found it."


def test_a_picture_found_by_two_rules_is_one_row_of_the_first() -> None:
    drops = choose(["x"] * 3, [("blurred", "b"), ("dark", "b")], drop=["dark", "blurred"])
    assert dropped(drops) == "b"
    assert drops.rows == {"dark": 1, "blurred": 0}
    assert drops.fixes[0].why.startswith("dark, blurred: ")


def test_all_pictures_of_a_joint_finding_are_dropped() -> None:
    assert dropped(choose(["x"] * 5, [("blurred", "abd")], drop=["blurred"])) == "abd"


def test_small_pictures_are_dropped_by_their_shorter_side() -> None:
    sides = {"width": [63, 64, 500, None], "height": [500, 64, 10, None], "error": [None, None, None, "empty"]}
    drops = choose(["x"] * 4, [], min_side=64, **sides)
    assert dropped(drops) == "ac"
    assert "63 x 500" in drops.fixes[0].why


class TestCopies:
    EXACT = (("exact_copy", "ba"), ("exact_copy", "ca"))

    def test_one_of_equal_copies_stays(self) -> None:
        drops = choose(["x"] * 4, self.EXACT, drop=["exact_copy"])
        assert dropped(drops) == "bc"
        assert [fix.other for fix in drops.fixes] == ["a", "a"]
        assert "a, which stays" in drops.fixes[0].why

    def test_the_copy_of_the_test_part_stays_unless_the_first_shall(self) -> None:
        part = ["train", None, "test", "train"]
        assert dropped(choose(["x"] * 4, self.EXACT, drop=["exact_copy"], part=part)) == "ab"
        assert dropped(choose(["x"] * 4, self.EXACT, drop=["exact_copy"], part=part, keep_first=True)) == "bc"

    def test_the_largest_near_copy_stays_unless_the_first_shall(self) -> None:
        sizes = {"width": [100, 400, 200], "height": [100, 300, 200]}
        found = [("near_copy", "ab"), ("near_copy", "bc"), ("near_copy", "ac")]
        assert dropped(choose(["x"] * 3, found, drop=["near_copy"], **sizes)) == "ac"
        assert dropped(choose(["x"] * 3, found, drop=["near_copy"], keep_first=True, **sizes)) == "bc"

    def test_near_copies_do_not_chain(self) -> None:
        # As c and a are not copies of each other, c stays when b goes.
        found = [("near_copy", "ab"), ("near_copy", "bc")]
        assert dropped(choose(["x"] * 3, found, drop=["near_copy"], keep_first=True)) == "b"

    def test_a_near_copy_of_any_equal_copy_is_dropped(self) -> None:
        found = [("exact_copy", "ba"), ("near_copy", "cb")]
        assert dropped(choose(["x"] * 3, found, drop=["exact_copy", "near_copy"], keep_first=True)) == "bc"
        assert dropped(choose(["x"] * 3, found, drop=["near_copy"], keep_first=True)) == "c"
        assert dropped(choose(["x"] * 3, found, drop=["exact_copy"], keep_first=True)) == "b"

    def test_what_another_rule_drops_is_not_the_copy_that_stays(self) -> None:
        sizes = {"width": [30, 400], "height": [30, 300]}
        found = [("near_copy", "ba")]
        drops = choose(["x"] * 2, found, drop=["near_copy"], min_side=64, keep_first=True, **sizes)
        assert dropped(drops) == "a"
        assert drops.rows == {"near_copy": 0, "min_side": 1}

    def test_copies_under_different_labels_stay_and_are_counted(self) -> None:
        found = [("exact_copy", "ba"), ("label_conflict", "ba"), ("near_copy", "dc"), ("label_conflict", "dc")]
        drops = choose(["x", "y", "x", "y"], found, drop=["exact_copy", "near_copy"])
        assert dropped(drops) == ""
        assert drops.conflicts == 2

    def test_a_copy_that_is_a_negative_is_in_conflict_with_a_class(self) -> None:
        drops = choose(["x", "_other"], [("exact_copy", "ba")], drop=["exact_copy"])
        assert (dropped(drops), drops.conflicts) == ("", 1)
        assert dropped(choose(["x", "_other"], [("exact_copy", "ba")], drop=["label_conflict"])) == "ab"

    def test_equal_labels_beside_a_conflict_are_dropped_and_the_conflict_stays(self) -> None:
        drops = choose(["x", "x", "y"], [("exact_copy", "ba"), ("exact_copy", "ca")], drop=["exact_copy"])
        assert (dropped(drops), drops.conflicts) == ("b", 1)

    def test_conflicts_are_dropped_on_request_with_all_their_copies(self) -> None:
        found = [("exact_copy", "ba"), ("exact_copy", "ca"), ("label_conflict", "ca")]
        drops = choose(["x", "x", "y", "x"], found, drop=["exact_copy", "label_conflict"])
        assert (dropped(drops), drops.conflicts) == ("abc", 0)

    def test_of_copies_with_and_without_a_label_the_labelled_one_stays(self) -> None:
        for keep_first in (False, True):
            drops = choose([None, "x"], [("exact_copy", "ab")], drop=["exact_copy"], keep_first=keep_first)
            assert dropped(drops) == "a"


@pytest.mark.parametrize("check", sorted({check.__name__ for check in CHECKS} - set(DROPPABLE)))
def test_checks_about_many_pictures_are_refused_with_the_reason(check: str) -> None:
    with pytest.raises(UsageError, match=f"{check} names no pictures to drop: it is about"):
        DropRules(checks=(check,))


def test_every_droppable_name_is_a_check() -> None:
    assert set(DROPPABLE) < {check.__name__ for check in CHECKS}


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"checks": ("blured",)}, r"no check 'blured'.*Did you mean blurred.*unreadable.*near_copy"),
        ({}, r"no rule.*--drop.*--min-side"),
        ({"checks": ("dark",), "keep_first": True}, r"--keep-first.*exact_copy"),
        ({"min_side": 0}, r"Invalid smallest side: 0"),
    ],
)
def test_wrong_rules_are_refused(rules: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        DropRules(**rules)


def test_emptied_classes_are_named() -> None:
    catalog = catalog_of(["one", "one", "two", "two", "three", "four"], path=list("abcdef"))
    assert describe_emptied(catalog, "abce") == [
        "Of class 'one', no picture is left.",
        "Of class 'three', no picture is left.",
        "Of class 'two', one picture is left.",
    ]
