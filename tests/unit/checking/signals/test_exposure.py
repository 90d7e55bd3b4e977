import numpy as np
import pytest

from discern.checking.signals.exposure import Exposure


def light_of(*pictures: np.ndarray) -> Exposure:
    return Exposure.of(np.stack(pictures), np.arange(len(pictures)))


def plain(*colour: int) -> np.ndarray:
    return np.full((64, 64, 3), colour, np.uint8)


def test_a_plain_picture_is_its_colour_everywhere():
    light = light_of(plain(200, 100, 50), plain(0, 0, 0), plain(255, 255, 255))
    assert light.mean == pytest.approx([124, 0, 255], abs=2)
    assert light.lightest.tolist() == [200, 0, 255]
    assert light.spread.tolist() == [0, 0, 0]
    assert light.washed.tolist() == [0, 0, 1]
    assert light.border[0].tolist() == [200, 100, 50, 0, 0, 0, 0]


def test_shares_of_a_picture():
    picture = plain(100, 100, 100)
    picture[4:6], picture[-12:] = 10, 240
    light = light_of(picture)
    assert (light.darkest[0], light.shade[0], light.lightest[0]) == (10, 100, 240)
    assert light.mean[0] == pytest.approx(picture[4:-4].mean(), abs=1)


def test_what_is_clipped_and_what_is_not_white():
    picture = plain(100, 100, 100)
    picture[4:18], picture[18:32] = (255, 255, 255), (255, 180, 180)
    light = light_of(picture, plain(255, 255, 255))
    assert light.clipped == pytest.approx([0.5, 1], abs=0.02)
    assert light.washed == pytest.approx([0.25, 1], abs=0.02)
    assert light.unwashed.tolist() == [100, 255]


def test_a_frame_is_seen_beside_what_is_inside():
    picture = plain(100, 100, 100)
    picture[[0, -1]] = picture[:, [0, -1]] = (255, 0, 100)
    light = light_of(picture)
    assert light.border[0].tolist() == [255, 0, 100, 0, 155, -100, 0]
    assert (light.mean[0], light.spread[0]) == (100, 0)


def test_only_the_wanted_rows_are_seen_and_the_others_are_unknown():
    light = Exposure.of(np.zeros((600, 64, 64, 3), np.uint8), np.arange(0, 600, 2))
    assert np.isnan(light.mean[1::2]).all()
    assert (light.mean[::2] == 0).all()
    assert np.isnan(light.border[1]).all()


def test_blocks_do_not_matter():
    pictures = np.random.default_rng(0).integers(0, 256, (300, 64, 64, 3), dtype=np.uint8)
    whole, last = Exposure.of(pictures, np.arange(300)), Exposure.of(pictures[290:], np.arange(10))
    assert np.array_equal(whole.border[290:], last.border)
    assert np.array_equal(whole.spread[290:], last.spread)
