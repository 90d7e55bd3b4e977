"""Thresholds of the checks: each is settable, exact, listed and documented."""

import re
from pathlib import Path

import numpy as np
import pytest

from discern.checking import CHECKS, CheckConfig
from discern.checking.thresholds import THRESHOLDS, WITHOUT_THRESHOLD, choose_thresholds, describe_thresholds
from discern.errors import UsageError
from tests.unit.checking.conftest import predictions_of

PAGE = Path(__file__).resolve().parents[3] / "docs/cleaning.md"


def test_every_check_has_a_threshold_or_a_reason_for_none() -> None:
    assert sorted([*THRESHOLDS, *WITHOUT_THRESHOLD]) == sorted(check.__name__ for check in CHECKS)


def test_the_page_lists_them_as_they_are() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", PAGE.read_text("utf-8"), re.MULTILINE))
    assert rows.keys() == {*THRESHOLDS, *WITHOUT_THRESHOLD}
    for name, each in THRESHOLDS.items():
        values = each.values.removeprefix("a ")
        assert rows[name] == f"{each.meaning} | {each.unit} | {each.default} | {values}"
    assert all(rows[name] == reason for name, reason in WITHOUT_THRESHOLD.items())


def test_nothing_set_changes_nothing() -> None:
    assert choose_thresholds(None) == choose_thresholds({}) == CheckConfig()


def test_defaults_that_do_not_adapt_are_those_of_the_checks() -> None:
    fixed = {name: float(each.default) for name, each in THRESHOLDS.items() if re.fullmatch(r"[\d.]+", each.default)}
    assert {"likely_wrong_label", "odd_one_out", "large_group", "small_class"} <= set(fixed)
    chosen, standard = choose_thresholds(fixed), CheckConfig()
    for name in fixed:
        before = getattr(standard, THRESHOLDS[name].setting)
        assert before in (None, getattr(chosen, THRESHOLDS[name].setting))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("blurred", 1.01), ("blurred", -0.1), ("blurred", float("nan")), ("extreme_aspect", 0.5), ("small_class", 2.5),
        ("dark", 256), ("too_small", -1), ("odd_one_out", float("inf")), ("blank", "6"), ("blank", True),
    ],
)  # fmt: skip
def test_values_out_of_range_name_meaning_unit_and_default(name: str, value: float) -> None:
    with pytest.raises(UsageError) as error:
        choose_thresholds({name: value})
    each = THRESHOLDS[name]
    assert all(word in str(error.value) for word in (name, each.meaning, each.unit, each.default, each.values))


def test_unknown_checks_name_the_nearest_and_all_thresholds() -> None:
    with pytest.raises(UsageError, match="Did you mean blurred") as error:
        choose_thresholds({"blured": 0.2})
    assert error.value.hint.endswith(describe_thresholds())
    for name, each in THRESHOLDS.items():
        assert f"{name}: {each.meaning} this ({each.unit}; default {each.default})" in error.value.hint


@pytest.mark.parametrize("name", sorted(WITHOUT_THRESHOLD))
def test_checks_without_a_threshold_give_the_reason(name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} has no threshold") as error:
        choose_thresholds({name: 1})
    assert WITHOUT_THRESHOLD[name] in error.value.message


class TestASetThresholdIsTheLimit:
    """A threshold that is set does not adapt to the set."""

    def found(self, find, name, value, labels, **columns):
        config = choose_thresholds(None if value is None else {name: value})
        return [row for each in find(name, labels, config=config, **columns) for row in each.rows]

    def test_blurred(self, find):
        sharpness = [0.1, 0.19, 0.21, 0.35, *[0.7] * 36]
        assert self.found(find, "blurred", None, ["a"] * 40, sharpness=sharpness) == [0, 1, 2, 3]
        assert self.found(find, "blurred", 0.2, ["a"] * 40, sharpness=sharpness) == [0, 1]
        assert self.found(find, "blurred", 0, ["a"] * 40, sharpness=sharpness) == []

    def test_too_small(self, find):
        sides = [20, 50, 63, 65, *[600] * 36]
        assert self.found(find, "too_small", None, ["a"] * 40, width=sides, height=sides) == [0, 1, 2]
        assert self.found(find, "too_small", 50, ["a"] * 40, width=sides, height=sides) == [0]
        assert self.found(find, "too_small", 0, ["a"] * 40, width=sides, height=sides) == []

    @pytest.mark.parametrize(("name", "low", "high"), [("dark", 0, 255), ("blank", 0, 255)])
    def test_dark_and_blank(self, find, name, low, high):
        assert self.found(find, name, low, ["a"] * 5) == []
        assert len(self.found(find, name, high, ["a"] * 5)) == 5

    def test_bright(self, find, make_catalog):
        thumbs = np.array(make_catalog(["a"] * 40).thumbs)
        thumbs[0] = 160 + thumbs[0] // 4
        assert self.found(find, "bright", None, ["a"] * 40, thumbs=thumbs) == [0]
        assert self.found(find, "bright", 200, ["a"] * 40, thumbs=thumbs) == []

    def test_extreme_aspect(self, find):
        assert self.found(find, "extreme_aspect", 1.5, ["a"] * 3, width=[200, 310, 500], height=[200] * 3) == [1, 2]

    def test_likely_wrong_label(self, find):
        # One of ten pictures has a confident other label: found by default, and not at the highest threshold.
        labels = ["a"] * 40 + ["b"] * 40
        probabilities = np.array([[0.99, 0.01]] * 40 + [[0.01, 0.99]] * 40)
        probabilities[[3, 50]] = probabilities[[50, 3]]
        predictions = predictions_of(probabilities)
        assert self.found(find, "likely_wrong_label", None, labels, predictions=predictions) == [3, 50]
        assert self.found(find, "likely_wrong_label", 1, labels, predictions=predictions) == []

    def test_odd_one_out(self, find):
        labels = ["a"] * 20 + ["b"] * 20
        score = np.linspace(-1, 1, 40)
        score[7] = 9
        predictions = predictions_of(np.full((40, 2), 0.4), score)
        assert self.found(find, "odd_one_out", None, labels, predictions=predictions) == [7]
        assert self.found(find, "odd_one_out", 100, labels, predictions=predictions) == []

    def test_classes(self, find):
        labels = ["a"] * 30 + ["b"] * 8
        assert self.found(find, "small_class", 9, labels) == list(range(30, 38))
        assert self.found(find, "small_class", 8, labels) == []
        assert self.found(find, "imbalance", 0.3, labels) == list(range(30, 38))
        assert self.found(find, "imbalance", 0.2, labels) == []
        group = [0] * 12 + list(range(1, 27))
        assert self.found(find, "large_group", 0.3, labels, group=group) == list(range(12))
        assert self.found(find, "large_group", 0.5, labels, group=group) == []
