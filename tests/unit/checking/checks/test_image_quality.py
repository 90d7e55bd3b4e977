"""Checks of image quality on synthetic pictures."""

import numpy as np
import pytest

from discern.checking import CheckConfig
from tests.unit.checking.conftest import scenes

LIGHT = ("blank", "dark", "bright")


def with_one(picture: np.ndarray, *, count: int = 30) -> np.ndarray:
    thumbs = scenes(count)
    thumbs[7] = picture
    return thumbs


class TestSizes:
    def test_small_pictures_are_single_findings(self, find):
        width, height = [300] * 30, [200] * 30
        width[4], height[9] = 39, 20
        small, smaller = find("too_small", ["a"] * 30, width=width, height=height)
        assert (small.rows, smaller.rows) == ((4,), (9,))
        assert smaller.score > small.score
        assert "only 39 pixels" in small.why
        assert small.action == "keep"

    def test_a_set_of_small_pictures_is_one_finding(self, find):
        (finding,) = find("too_small", ["a"] * 20 + ["b"] * 20, width=[32] * 40, height=[32] * 40)
        assert finding.rows == tuple(range(40))
        assert "40 of all 40 pictures" in finding.why

    def test_a_class_of_small_pictures_is_one_finding(self, find):
        width = [32] * 15 + [300] * 84 + [38]
        of_class, single = find("too_small", ["a"] * 15 + ["b"] * 85, width=width, height=[300] * 100)
        assert (of_class.rows, single.rows) == (tuple(range(15)), (99,))
        assert "class 'a'" in of_class.why

    def test_the_limit_is_higher_in_a_set_of_large_pictures(self, find):
        sides = [55] + [600] * 29
        assert [finding.rows for finding in find("too_small", ["a"] * 30, width=sides, height=sides)] == [(0,)]
        assert find("too_small", ["a"] * 30, width=[55] + [90] * 29, height=[55] + [90] * 29) == []

    def test_the_smallest_side_is_configurable(self, find):
        config = CheckConfig(smallest_side=16)
        assert find("too_small", ["a"] * 5, width=[32] * 5, height=[32] * 5, config=config) == []

    def test_wide_and_tall_pictures_are_found(self, find):
        width, height = [300] * 30, [200] * 30
        width[1], height[2] = 601, 1200
        wide, tall = find("extreme_aspect", ["a"] * 30, width=width, height=height)
        assert (wide.rows, tall.rows) == ((1,), (2,))
        assert tall.score > wide.score
        assert "4.0 times" in tall.why

    def test_unreadable_and_unlabelled_pictures(self, find):
        error = ["empty", None, *[None] * 28]
        (finding,) = find("too_small", [None] * 30, width=[5, 5, *[300] * 28], height=[200] * 30, error=error)
        assert finding.rows == (1,)


class TestExposure:
    def found(self, find, thumbs):
        labels = ["a"] * len(thumbs)
        return {check: [finding.rows for finding in find(check, labels, thumbs=thumbs)] for check in LIGHT}

    def test_varied_pictures_have_no_findings(self, find):
        assert self.found(find, scenes(50)) == {"blank": [], "dark": [], "bright": []}

    @pytest.mark.parametrize("colour", [0, 120, 255])
    def test_one_colour_is_blank_and_neither_dark_nor_bright(self, find, colour):
        noise = np.random.default_rng(0).normal(colour, 2, (64, 64, 3)).clip(0, 255)
        assert self.found(find, with_one(noise)) == {"blank": [(7,)], "dark": [], "bright": []}

    def test_blank_pictures_are_proposed_for_dropping_and_others_are_not(self, find):
        (blank,) = find("blank", ["a"] * 30, thumbs=with_one(np.full((64, 64, 3), 9)))
        (dark,) = find("dark", ["a"] * 30, thumbs=with_one(scenes(1)[0] // 6))
        assert (blank.action, dark.action) == ("drop", "keep")

    @pytest.mark.parametrize("part", [3, 5, 10])
    def test_a_fraction_of_the_light_is_dark(self, find, part):
        assert self.found(find, with_one(scenes(1)[0] // part))["dark"] == [(7,)]

    def test_a_blue_sky_and_a_lamp_at_night_are_not_dark(self, find):
        sky, night = np.full((64, 64, 3), (10, 40, 160)), scenes(1)[0] // 12
        sky[30:34, 30:40], night[10:20, :30] = 250, 250
        assert self.found(find, with_one(sky))["dark"] == []
        assert self.found(find, with_one(night))["dark"] == []

    def test_washed_out_is_bright(self, find):
        assert self.found(find, with_one(180 + scenes(1)[0] // 4))["bright"] == [(7,)]

    def test_an_overexposed_picture_is_bright_where_white_is_rare(self, find):
        over = np.clip(scenes(1)[0].astype(int) * 4 + 60, 0, 255)
        assert self.found(find, with_one(over))["bright"] == [(7,)]

    def test_a_far_more_clipped_picture_is_bright_despite_dark_parts(self, find):
        thumbs = scenes(60).astype(int) // 2 + 20
        thumbs[7] = np.clip(thumbs[7] * 4, 0, 255)
        thumbs[7, 20:26, 20:26] = 10
        (finding,) = find("bright", ["a"] * 60, thumbs=thumbs)
        assert finding.rows == (7,)
        assert "% of the picture is overexposed" in finding.why

    def test_a_dark_object_on_white_is_not_bright(self, find):
        thumbs = scenes(60).astype(int) // 2 + 20
        thumbs[7] = 255
        thumbs[7, 20:40, 20:40] = 40
        assert find("bright", ["a"] * 60, thumbs=thumbs) == []

    def test_objects_on_white_are_not_bright(self, find):
        thumbs = scenes(40)
        thumbs[:10, :20] = thumbs[:10, 44:] = thumbs[:10, :, :16] = thumbs[:10, :, 48:] = 255
        assert self.found(find, thumbs)["bright"] == []

    def test_a_dark_set_is_one_finding(self, find):
        (finding,) = find("dark", ["a"] * 40, thumbs=scenes(40) // 6)
        assert len(finding.rows) == 40


class TestBlurred:
    def test_far_less_sharp_than_the_others_is_blurred(self, find):
        sharpness = np.random.default_rng(0).normal(0.6, 0.05, 40).tolist()
        sharpness[3], sharpness[8] = 0.12, 0.3
        blurred, soft = find("blurred", ["a"] * 40, sharpness=sharpness)
        assert (blurred.rows, soft.rows) == ((3,), (8,))
        assert blurred.score > soft.score
        assert "12 %" in blurred.why

    def test_in_a_mixed_set_only_clearly_blurred_pictures_are(self, find):
        sharpness = np.random.default_rng(0).uniform(0.25, 0.8, 40).tolist()
        sharpness[3] = 0.15
        (finding,) = find("blurred", ["a"] * 40, sharpness=sharpness)
        assert finding.rows == (3,)

    def test_pictures_without_sharpness_have_no_finding(self, find):
        assert find("blurred", ["a"] * 3, sharpness=[None] * 3) == []
        assert find("blurred", ["a"] * 3, sharpness=[None, 0.6, 0.6]) == []

    def test_a_blurred_set_is_one_finding(self, find):
        (finding,) = find("blurred", ["a"] * 40, sharpness=[0.15] * 40)
        assert len(finding.rows) == 40
