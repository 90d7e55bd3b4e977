"""Localisation: the place refers to the whole picture, and is stated only if the evidence is concentrated."""

import numpy as np
import pytest

from discern.inference.localisation import localise
from discern.picture import Recipe

CROP = Recipe(size=200, resize=250, fit="crop")
STRETCH = Recipe(size=200, resize=200, fit="stretch")
PAD = Recipe(size=200, resize=200, fit="pad")


def spot(column: int, *, width: int = 9) -> np.ndarray:
    evidence = np.zeros((9, width), np.float32)
    evidence[3:6, max(0, column - 1) : column + 2] = 1
    return evidence


@pytest.mark.parametrize(("column", "place"), [(0, "left"), (4, "centre"), (8, "right")])
def test_the_place_is_where_the_evidence_is(column: int, place: str) -> None:
    assert localise(spot(column), STRETCH, (300, 200)).place == place


def test_the_left_of_a_central_crop_is_the_centre_of_a_wide_picture() -> None:
    assert localise(spot(2), STRETCH, (1000, 200)).place == "left"
    assert localise(spot(2), CROP, (1000, 200)).place == "centre"


def test_spread_evidence_has_no_place() -> None:
    even = np.random.default_rng(0).uniform(0.9, 1, (9, 9)).astype(np.float32)
    half = np.zeros((10, 10), np.float32)
    half[::2] = 1
    assert localise(even, STRETCH, (200, 200)).place is None
    assert localise(half, STRETCH, (200, 200)).place is None
    assert localise(np.zeros((9, 9), np.float32), STRETCH, (200, 200)).place is None


def test_the_map_is_relative_and_never_negative() -> None:
    found = localise(spot(4) * 7 - 3, STRETCH, (200, 200))
    assert (found.map.min(), found.map.max(), found.map.dtype) == (0, 1, np.float32)


def test_the_box_is_the_region_of_the_graphs_input() -> None:
    assert localise(spot(4), STRETCH, (400, 200)).box == (0, 0, 1, 1)
    assert localise(spot(4), CROP, (400, 200)).box == pytest.approx((0.3, 0.1, 0.7, 0.9))
    assert localise(spot(4), CROP, (200, 400)).box == pytest.approx((0.1, 0.3, 0.9, 0.7))
    assert localise(spot(4), PAD, (400, 200)).box == pytest.approx((0, -0.5, 1, 1.5))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_evidence_that_is_not_finite_has_no_place(value: float) -> None:
    evidence = spot(4)
    evidence[0, 0] = value
    for each in (evidence, np.full((9, 9), value, np.float32)):
        found = localise(each, STRETCH, (200, 200))
        assert found.place is None
        assert not found.map.any()


def test_padding_has_no_evidence() -> None:
    evidence = spot(4)
    evidence[:2] = 9
    found = localise(evidence, PAD, (400, 200))
    assert not found.map[:2].any()
    assert found.map[3:6, 3:6].min() == 1
    assert not localise(np.where(np.arange(9)[:, None] < 2, 9, np.zeros((9, 9))), PAD, (400, 200)).map.any()


@pytest.mark.parametrize(("column", "place"), [(3, "left"), (4, "centre"), (5, "right")])
def test_places_of_a_tall_padded_picture_are_those_of_the_picture(column: int, place: str) -> None:
    evidence = np.zeros((9, 9), np.float32)
    evidence[3:6, column] = 1
    # The picture takes up the middle third of the input.
    assert localise(evidence, PAD, (200, 600)).place == place


def test_evidence_all_over_a_tall_padded_picture_has_no_place() -> None:
    evidence = np.zeros((9, 9), np.float32)
    evidence[::2, 3:6] = 1
    assert localise(evidence, PAD, (200, 600)).place is None
