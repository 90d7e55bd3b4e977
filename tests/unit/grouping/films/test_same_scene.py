import numpy as np
import pytest
from PIL import Image
from tests.unit.grouping.synthetic_images import bare_catalog, look_alike, scene

from discern.grouping.films.same_scene import agree_moved, find_shifts
from discern.picture import thumbnail

WIDE = scene(3, width=320, height=240)


def agreement(*pictures, max_hue=0.12):
    """Agreement of the first picture with each other one."""
    thumbs = np.stack([thumbnail(np.asarray(picture)) for picture in pictures])
    catalog = bare_catalog([f"{number}.png" for number in range(len(pictures))], thumbs=thumbs)
    pairs = np.array([(0, other) for other in range(1, len(pictures))], np.int64).reshape(-1, 2)
    return agree_moved(catalog, pairs, max_hue=max_hue)


def crop(left, top, *, width=160, height=120, turn=0.0):
    return WIDE.rotate(turn, Image.Resampling.BICUBIC).crop((left, top, left + width, top + height))


def test_the_same_place_is_recognised_after_a_motion():
    moved = [crop(80, 60), crop(110, 50), crop(80, 100), crop(70, 60, width=190, height=142), crop(80, 60, turn=6)]
    assert (agreement(crop(75, 62), *moved) > 0.8).all()


def test_another_place_is_not():
    assert (agreement(scene(0), *(scene(seed) for seed in range(1, 30))) < 0.4).all()


def test_another_colour_is_not():
    recoloured = Image.fromarray(np.asarray(crop(75, 62))[..., ::-1])
    assert agreement(crop(75, 62), recoloured)[0] == -1


def test_pictures_without_texture_do_not_agree():
    plain = Image.new("RGB", (64, 64), (90, 90, 90))
    assert agreement(plain, plain)[0] == -1
    assert agreement(plain).shape == (0,)


def test_look_alikes_agree_less_than_frames():
    assert (agreement(*(look_alike(seed) for seed in range(20))) < 0.8).all()


@pytest.mark.parametrize("shift", [(0, 0), (3, -2), (-5, 4)])
def test_the_shift_is_found(shift):
    planes = np.random.default_rng(0).normal(100, 30, (2, 32, 32)).astype(np.float32)
    rows, columns = (slice(8, 24), slice(8, 24)), tuple(slice(8 + by, 24 + by) for by in shift)
    ((found, correlation),) = find_shifts(planes[:, *rows], planes[:, *columns], overlaps=[(0.3, 1.0)])
    assert found.tolist() == [list(shift)] * 2
    assert (correlation > 0.95).all()
