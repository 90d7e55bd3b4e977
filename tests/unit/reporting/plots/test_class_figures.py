"""Figures with one row per class: each class is legible, and none is silently missing."""

import re

import numpy as np
import pytest

from discern.reporting.plots.class_counts import count_classes
from discern.reporting.plots.class_figures import draw_class_counts, draw_class_ranges
from discern.reporting.plots.class_grid import ClassGrid
from discern.reporting.plots.distribution import measure_distributions
from discern.reporting.plots.slide import HEIGHT, PIXELS, WIDTH
from tests.unit.reporting.factories import HOSTILE, parse_svg
from tests.unit.reporting.plots.sized import UNREADABLE, picture, sized_catalog


def names(svg: str) -> list[str]:
    return [each.text or "" for each in parse_svg(svg).findall(".//{*}text") if each.get("text-anchor") == "end"]


def many(classes: int):
    return sized_catalog([picture(f"fruit {n}", size=100 + n) for n in range(classes) for _ in range(1 + n % 3)])


def test_counts_are_stacked_by_part():
    rows = [picture("cat", part="train")] * 3 + [picture("cat", part="test")] + [picture("dog", part="train")]
    counts = count_classes(sized_catalog([*rows, picture(None, part="train"), UNREADABLE]))
    assert counts.parts == ("train", "test")
    assert counts.classes == {"cat": (3, 1), "dog": (1, 0)}
    assert counts.unlabelled == 1
    assert counts.to_json()["classes"]["cat"] == {"pictures": 4, "parts": {"train": 3, "test": 1}}
    svg = draw_class_counts(counts, in_order=False, name="pets")
    assert "5 pictures in 2 classes of pets" in svg
    assert {"train 4", "test 1"} <= set(names(svg))
    widths = [float(each.get("width")) for each in parse_svg(svg).findall(".//{*}rect")][1:]
    assert widths[0] == pytest.approx(3 * widths[1], rel=0.01)


def test_without_parts_there_is_no_legend():
    counts = count_classes(sized_catalog([picture("cat"), picture("dog"), picture("dog"), picture("_other")]))
    assert (counts.parts, counts.classes) == ((), {"cat": (1,), "dog": (2,), "_other": (1,)})
    assert counts.to_json()["classes"]["dog"] == {"pictures": 2}
    assert names(draw_class_counts(counts, in_order=False, name="pets")) == ["dog", "cat", "_other"]
    assert names(draw_class_counts(counts, in_order=True, name="pets")) == ["cat", "dog", "_other"]


@pytest.mark.parametrize("classes", [1, 2, 24, 35, 100, 131, 136])
def test_all_classes_are_named_and_legible(classes):
    catalog = many(classes)
    for svg in (
        draw_class_counts(count_classes(catalog), in_order=False, name="fruits"),
        draw_class_ranges(measure_distributions(catalog)[0], name="fruits"),
    ):
        assert len(set(names(svg))) == classes
        sizes = [float(size) for size in re.findall(r"font-size:([\d.]+)px\"", svg)]
        assert min(sizes) * PIXELS / WIDTH >= 16  # pixels of 1,920
        tree = parse_svg(svg)
        edges = [float(each.get(key)) for each in tree.findall(".//{*}text") for key in ("x", "y")]
        assert min(edges) >= 0
        assert max(float(each.get("y")) for each in tree.findall(".//{*}text")) <= HEIGHT
        assert max(float(each.get("x")) for each in tree.findall(".//{*}text")) <= WIDTH


def test_rows_do_not_overlap():
    grid = ClassGrid(labels=[f"fruit {n}" for n in range(131)], top=50, bottom=250)
    places = {(row.left, row.middle) for row in grid}
    assert len(places) == 131
    for left in {row.left for row in grid}:
        assert (np.diff(sorted(middle for at, middle in places if at == left)) >= grid.font).all()


def test_classes_for_which_there_is_no_space_are_counted():
    svg = draw_class_ranges(measure_distributions(many(1000))[0], name="fruits")
    assert len(set(names(svg))) == 136
    assert "864 with values between these are in the JSON file" in svg


def test_long_names_differ_after_they_are_shortened():
    catalog = sized_catalog([picture(f"a class with a name of many words {n}") for n in range(100)])
    shown = names(draw_class_counts(count_classes(catalog), in_order=True, name="words"))
    assert len(set(shown)) == 100
    assert max(map(len, shown)) < 35


@pytest.mark.parametrize("label", [HOSTILE, "苹果", "تفاحة", "a&b<c>", "n\u00a0b", "a\ufffe\x01b"])
def test_any_label_is_valid_svg(label):
    catalog = sized_catalog([picture(label), picture("dog")])
    parse_svg(draw_class_counts(count_classes(catalog), in_order=True, name=label))
    parse_svg(draw_class_ranges(measure_distributions(catalog)[0], name=label))
