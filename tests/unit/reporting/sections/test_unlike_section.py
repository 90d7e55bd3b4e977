"""The section on look-alikes: curve, numbers and pairs."""

from discern.evaluating import Metrics
from discern.reporting.sections.unlike_section import describe_lookalikes
from tests.unit.reporting.factories import interval_json, parse_svg


def metrics(catalog, *, alarm: bool = True, bins: int = 3) -> Metrics:
    paths = catalog.table["path"].to_list()
    unlike = {"value": 0.51, "low": 0.44, "high": 0.58, "share": 1.0, "alarm": alarm}
    curve = [
        {"low": place / 10, "high": place / 10 + 0.1, "pictures": 30, "accuracy": interval_json(0.9, 0.8, 0.95)}
        for place in range(bins)
    ]
    pairs = [
        {"path": paths[0], "nearest": paths[1], "distance": 0.123},
        {"path": "gone.jpg", "nearest": paths[1], "distance": 0.2},
    ]
    evidence = {"ordinary": 0.9, "fall": 0.4, "controls": [0.1], "clusters": 9, "curve": curve, "pairs": pairs}
    return Metrics.from_json({"accuracy": {"unlike": unlike}, "unlike": evidence})


def test_curve_numbers_and_pairs(catalog, gallery):
    section = describe_lookalikes(metrics(catalog), gallery)
    assert len(list(parse_svg(section.curve).iter("circle"))) == 3
    assert section.rows[0].distance == "0.00 to 0.10"
    assert [(pair.picture.path, pair.distance) for pair in section.pairs] == [(catalog.table["path"][0], "0.12")]
    assert section.alarm is not None


def test_one_bin_is_no_curve(catalog, gallery):
    assert describe_lookalikes(metrics(catalog, bins=1), gallery).curve is None


def test_a_figure_that_could_not_be_had_says_why(catalog, gallery):
    found = metrics(catalog)
    plain = found.to_json()
    plain["accuracy"]["unlike"] = {"value": None, "low": None, "high": None, "note": "too few groups"}
    section = describe_lookalikes(Metrics.from_json(plain), gallery)
    assert "was not measured: too few groups" in section.sentence
    assert section.alarm is None
    plain["unlike"]["curve"] = []
    assert describe_lookalikes(Metrics.from_json(plain), gallery).sentence == section.sentence


def test_earlier_versions_have_no_section(gallery):
    assert describe_lookalikes(Metrics.from_json({}), gallery) is None
