"""The heat map of a confusion matrix."""

import numpy as np

from discern.reporting import charts
from tests.unit.reporting.factories import parse_svg


def test_a_heat_map_has_a_cell_for_each_count():
    confusion = np.diag(np.full(20, 10.0))
    confusion[3, 7] = 5
    svg = parse_svg(charts.heat_map(confusion))
    correct = "".join(each.get("d") for each in svg.iter("path") if each.get("class") == "right")
    wrong = "".join(each.get("d") for each in svg.iter("path") if each.get("class") == "wrong")
    assert correct.count("M") == 20
    assert wrong == "M7 3h1v1h-1z"
    assert svg.get("viewBox") == "0 0 20 20"


def test_a_heat_map_of_131_classes_stays_small():
    confusion = np.random.default_rng(0).integers(0, 2, (131, 131)).astype(float)
    assert len(str(charts.heat_map(confusion))) < 200_000


def test_a_class_without_pictures_has_an_empty_row():
    assert not list(parse_svg(charts.heat_map(np.zeros((16, 16)))).iter("path"))
