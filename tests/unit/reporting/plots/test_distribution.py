"""Distributions of file sizes, aspect ratios and resolutions."""

import json

import numpy as np
import pytest

from discern.reporting.plots.distribution import measure_distributions
from tests.unit.reporting.plots.sized import UNREADABLE, picture, sized_catalog


def by_name(rows):
    return {each.measure.name: each for each in measure_distributions(sized_catalog(rows))}


def test_each_readable_picture_is_counted_once():
    rows = [picture("cat", size=size, width=width) for size, width in ((900, 60), (12_000, 80), (3_000_000, 4000))]
    found = by_name([*rows, picture("dog"), picture(None), UNREADABLE])
    assert list(found) == ["file_sizes", "aspect_ratios", "resolutions"]
    assert {int(each.counts.sum()) for each in found.values()} == {5}
    assert {len(each.by_class) for each in found.values()} == {2}
    assert (found["file_sizes"].overall.smallest, found["file_sizes"].overall.largest) == (900, 3_000_000)


def test_a_class_has_its_own_range():
    found = by_name([picture("cat", size=size) for size in (100, 200, 300, 400, 500)] + [picture("dog", size=9000)])
    cat, dog = found["file_sizes"].by_class["cat"], found["file_sizes"].by_class["dog"]
    assert (cat.smallest, cat.lower_quartile, cat.median, cat.upper_quartile, cat.largest) == (100, 200, 300, 400, 500)
    assert (dog.pictures, dog.smallest, dog.median, dog.largest) == (1, 9000, 9000, 9000)


def test_pictures_of_none_of_the_classes_have_a_range():
    found = by_name([picture("cat"), picture("dog"), picture("_other", size=70_000)])
    assert list(found["file_sizes"].by_class) == ["cat", "dog", "_other"]


def test_width_and_height_are_not_confused():
    found = by_name([picture("cat", width=400, height=300), picture("cat", width=300, height=400)])
    aspects = found["aspect_ratios"]
    assert [aspects.measure.text(aspects.overall.smallest), aspects.measure.text(aspects.overall.largest)] == [
        "3:4",
        "4:3",
    ]
    assert found["resolutions"].summary == "all 300 px"


@pytest.mark.parametrize(
    "values", [[1], [192] * 5, [1, 2], [1, 3], [1, 1000], [100, 101], [10, 10**9], [3, 5, 8, 8, 8, 60_000]]
)
def test_each_value_has_a_place_on_the_axis_and_the_axis_has_ticks(values):
    each = by_name([picture("cat", size=value) for value in values])["file_sizes"]
    assert all(0 <= each.place(value) <= 1 for value in values)
    assert int(each.counts.sum()) == len(values)
    ticks = each.ticks()
    assert 1 <= len(ticks) <= 8
    places = [each.place(value) for value, _ in ticks]
    assert all(0 <= place <= 1 for place in places)
    assert (np.diff(places) > 0.12).all()
    assert len({text for _, text in ticks}) == len(ticks)


@pytest.mark.parametrize(("first", "last"), [(1, 3), (1, 30), (20, 59), (150, 300), (100, 4000)])
def test_evenly_spread_whole_numbers_leave_no_bin_empty_among_them(first, last):
    sides = range(first, last + 1)
    each = by_name([picture("cat", width=side, height=side) for side in sides])["resolutions"]
    filled = np.flatnonzero(each.counts)
    assert (each.counts[filled[0] : filled[-1] + 1] > 0).all()
    assert int(each.counts.sum()) == len(sides)
    assert len(each.counts) <= 40


def test_unknown_sizes_leave_out_a_measure_and_not_the_others():
    rows = [picture("cat") | {"bytes": None}, picture("cat") | {"bytes": None}]
    assert list(by_name(rows)) == ["aspect_ratios", "resolutions"]
    assert by_name([UNREADABLE]) == {}


def test_the_numbers_are_in_json():
    each = by_name([picture("cat", size=100), picture("cat", size=900), picture("dog", size=500)])["file_sizes"]
    histogram, classes = (json.loads(json.dumps(plain)) for plain in (each.histogram_json(), each.classes_json()))
    assert (histogram["unit"], histogram["pictures"], sum(histogram["counts"])) == ("bytes", 3, 3)
    assert len(histogram["edges"]) == len(histogram["counts"]) + 1
    assert histogram["overall"]["median"] == 500
    assert classes["classes"]["cat"] == {
        "pictures": 2,
        "smallest": 100,
        "lower_quartile": 300,
        "median": 500,
        "upper_quartile": 700,
        "largest": 900,
    }
