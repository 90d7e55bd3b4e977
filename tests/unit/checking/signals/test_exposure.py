"""Exposure statistics of thumbnails."""

import numpy as np
import pytest

from discern.checking.signals.exposure import Exposure


def measure(*pictures: np.ndarray) -> Exposure:
    return Exposure.measure(np.stack(pictures), np.arange(len(pictures)))


def plain(*colour: int) -> np.ndarray:
    return np.full((64, 64, 3), colour, np.uint8)


def test_a_plain_picture_is_its_colour_everywhere():
    exposure = measure(plain(200, 100, 50), plain(0, 0, 0), plain(255, 255, 255))
    assert exposure.mean == pytest.approx([124, 0, 255], abs=2)
    assert exposure.lightest.tolist() == [200, 0, 255]
    assert exposure.deviation.tolist() == [0, 0, 0]
    assert exposure.white_share.tolist() == [0, 0, 1]
    assert exposure.border[0].tolist() == [200, 100, 50, 0, 0, 0, 0]


def test_shares_of_a_picture():
    picture = plain(100, 100, 100)
    picture[4:6], picture[-12:] = 10, 240
    exposure = measure(picture)
    assert (exposure.percentile_1[0], exposure.percentile_5[0], exposure.lightest[0]) == (10, 100, 240)
    assert exposure.mean[0] == pytest.approx(picture[4:-4].mean(), abs=1)


def test_clipped_and_white_shares():
    picture = plain(100, 100, 100)
    picture[4:18], picture[18:32] = (255, 255, 255), (255, 180, 180)
    exposure = measure(picture, plain(255, 255, 255))
    assert exposure.clipped_share == pytest.approx([0.5, 1], abs=0.02)
    assert exposure.white_share == pytest.approx([0.25, 1], abs=0.02)
    assert exposure.non_white_median.tolist() == [100, 255]


def test_a_frame_is_compared_with_the_pixels_inside():
    picture = plain(100, 100, 100)
    picture[[0, -1]] = picture[:, [0, -1]] = (255, 0, 100)
    exposure = measure(picture)
    assert exposure.border[0].tolist() == [255, 0, 100, 0, 155, -100, 0]
    assert (exposure.mean[0], exposure.deviation[0]) == (100, 0)


def test_only_the_given_rows_are_measured():
    exposure = Exposure.measure(np.zeros((600, 64, 64, 3), np.uint8), np.arange(0, 600, 2))
    assert np.isnan(exposure.mean[1::2]).all()
    assert (exposure.mean[::2] == 0).all()
    assert np.isnan(exposure.border[1]).all()


def test_blocks_do_not_change_the_result():
    pictures = np.random.default_rng(0).integers(0, 256, (300, 64, 64, 3), dtype=np.uint8)
    whole, last = Exposure.measure(pictures, np.arange(300)), Exposure.measure(pictures[290:], np.arange(10))
    assert np.array_equal(whole.border[290:], last.border)
    assert np.array_equal(whole.deviation[290:], last.deviation)
