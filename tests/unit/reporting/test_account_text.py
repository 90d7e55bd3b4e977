"""Sentences on the files that are used and left out, and the classes by name."""

from dataclasses import replace

import pytest

from discern.catalog.account import Account
from discern.catalog.label_text import quote_label, show_label
from discern.catalog.left_out import REASONS
from discern.reporting.account_text import describe_account, describe_missing_classes

NOTHING = dict.fromkeys(REASONS, 0)


def account_of(classes: dict[str, int], *, more: int = 0, **left_out: int) -> Account:
    used = sum(classes.values()) + more
    return Account(
        found=used + sum(left_out.values()),
        used=used,
        left_out=NOTHING | left_out,
        classes=classes,
        folders_without_pictures={},
        classes_without_pictures={},
    )


def describe(account: Account) -> list[str]:
    return describe_account(account, of="this bundle", listed_in="all in report.html")


def test_a_complete_data_set_takes_two_lines() -> None:
    assert describe(account_of({"disc": 1200, "bar": 1})) == [
        "1,201 pictures in 2 classes: disc (1,200), bar (1).",
        "Left out: none of 1,201 files.",
    ]


def test_everything_left_out_is_named() -> None:
    account = replace(
        account_of({"disc": 40, "bar": 40, "rare": 1}, more=2, unreadable=6, system_file=1, link_not_followed=2),
        unjudged=("rare",),
        links_not_followed=("x/a", "y"),
        folders_without_pictures={"ring/": 0, "cone/": 6},
        classes_without_pictures={"ring": 0, "cone": 6},
    )
    assert describe(account) == [
        "81 pictures in 3 classes, and 2 pictures of none of them (_other): disc (40), bar (40), rare (1).",
        "Left out: 9 of 92 files (2 links not followed, 1 system file, 6 unreadable); see left_out.csv.",
        "Links not followed: x/a and y.",
        "Without a usable picture: folders ring/ (empty) and cone/ (6 files).",
        "ring and cone have no usable picture and are not classes of this bundle.",
        "Not judged, for want of two independent pictures: rare.",
    ]


@pytest.mark.parametrize("reason", REASONS)
def test_each_reason_has_words(reason: str) -> None:
    one, two = (describe(account_of({"a": 1}, **{reason: number}))[1] for number in (1, 2))
    assert one.startswith("Left out: 1 of 2 files (1 ")
    assert two.startswith("Left out: 2 of 3 files (2 ")


def test_many_classes_are_cut_with_the_smallest_at_the_end() -> None:
    classes = {f"c{number}": 100 - number for number in range(40)}
    assert describe(account_of(classes))[0] == (
        "3,220 pictures in 40 classes: c0 (100), c1 (99), c2 (98), c3 (97), c4 (96) and 35 more (all in report.html); "
        "the smallest are c39 (61), c38 (62), c37 (63)."
    )


def test_pictures_without_labels_have_no_class() -> None:
    assert describe(account_of({}, no_label=12)) == [
        "12 pictures without a label, so there are no classes.",
        "Left out: 12 of 12 files (12 without a label); see left_out.csv.",
    ]


def test_a_single_class_without_pictures_is_singular() -> None:
    account = replace(account_of({"disc": 2}), classes_without_pictures={"ring": 0})
    assert describe_missing_classes(account, of="this data set") == (
        "ring has no usable picture and is not a class of this data set."
    )


def test_many_names_are_cut() -> None:
    account = replace(account_of({"a": 1}), classes_without_pictures={f"n{number}": 0 for number in range(14)})
    assert " and 4 more have no usable picture" in describe(account)[-1]


def test_labels_have_their_display_names() -> None:
    account = replace(account_of({"n01": 3}), unjudged=("n01",))
    lines = describe_account(account, of="it", listed_in="x", name={"n01": "oboe"}.get)
    assert ("oboe (3)" in lines[0], "oboe" in lines[-1]) == (True, True)


@pytest.mark.parametrize("label", ["a  b", " a", "a ", "a\u00a0b", "a\u200bb", "a, b", 'a"b', "", "a\tb", "a: b"])
def test_a_label_with_odd_blanks_is_quoted(label: str) -> None:
    assert quote_label(label) == f'"{show_label(label)}"'


@pytest.mark.parametrize("label", ["a", "a b", "café", "it's", "ring/"])
def test_a_plain_label_is_not_quoted(label: str) -> None:
    assert quote_label(label) == label


def test_pictures_without_a_group_are_counted() -> None:
    account = account_of({"disc": 40})
    assert "3 pictures are groups of their own, as --group-by does not match their paths." in describe(
        replace(account, ungrouped=3)
    )
    assert "1 picture is its own group, as --group-by does not match its path." in describe(
        replace(account, ungrouped=1)
    )
    assert describe(replace(account, ungrouped=0)) == describe(account)
