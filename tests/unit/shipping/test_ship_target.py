"""Names and tags of what is created for a bundle."""

import re
from pathlib import Path

import pytest

from discern.shipping.ship_target import tag_value
from tests.unit.shipping.factories import shipped

ALIKE = (("\u8eca", "\u72ac"), ("caf\u00e9", "caf\u00e8"), ("a" * 60, "a" * 61), ("x#y", "x'y"))


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_different_bundles_never_share_a_tag(one: str, other: str, tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    first, second = shipped(tmp_path / "1", name=one), shipped(tmp_path / "2", name=other)
    assert first.tags["discern:bundle"] != second.tags["discern:bundle"]
    if "#" not in one:
        assert first.resource_name != second.resource_name
    for each in (first, second):
        assert re.fullmatch(r"discern-[a-z0-9]+(-[a-z0-9]+)*", each.resource_name)
        assert len(each.resource_name) <= 48


@pytest.mark.parametrize("name", ["bananas", "My model_2", "a/b:c=d+e@f."])
def test_a_plain_name_is_its_own_tag(name: str) -> None:
    assert tag_value(name) == name


def test_a_long_name_fits_into_a_tag() -> None:
    one, other = tag_value("n" * 300), tag_value("n" * 301)
    assert one != other
    assert len(one) == 256


def test_a_plain_name_names_resources(tmp_path: Path) -> None:
    assert shipped(tmp_path, name="My model_2").resource_name == "discern-my-model-2"
