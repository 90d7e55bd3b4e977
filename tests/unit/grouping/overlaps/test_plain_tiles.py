"""Plain tiles are matched by the colours that they share, unless these are one colour."""

import numpy as np

from discern.grouping.overlaps.plain_tiles import PlainTiles, common_shifts

SHIFTS = common_shifts(np.array([(32.2, 0.3), (31.8, 0), (0, 32)], np.float32))


def ground(seed, width=96, slope=(10, 30)):
    """Smooth ground of slowly changing colour, uint8 [64, width, 3]."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:64, :width] / 64
    slopes = rng.uniform(*slope, (2, 3)) * rng.choice([-1, 1], (2, 3))
    plane = rng.uniform(90, 160, 3) + x[..., None] * slopes[0] + y[..., None] * slopes[1]
    return np.clip(plane, 0, 255).astype(np.uint8)


def match(thumbs, left):
    thumbs = np.stack(thumbs)
    rows = np.arange(len(thumbs))
    return PlainTiles(thumbs, rows, SHIFTS).match(rows, np.array(left, np.int64))


def test_shifts_are_counted_in_both_directions():
    assert sorted(map(tuple, SHIFTS.tolist())) == [(-32, 0), (0, -32), (0, 32), (32, 0)]
    assert common_shifts(np.zeros((0, 2), np.float32)).shape == (0, 2)


def test_the_tile_that_goes_on_is_found():
    grounds = [ground(seed) for seed in range(8)]
    pairs, difference = match([tile for each in grounds for tile in (each[:, :64], each[:, 32:])], range(16))
    assert {tuple(sorted(pair)) for pair in pairs.tolist()} == {(2 * n, 2 * n + 1) for n in range(8)}
    assert (difference < 1).all()


def test_so_is_that_of_a_bare_table():
    grounds = [ground(seed, slope=(3, 4)) for seed in range(8)]
    pairs, _ = match([tile for each in grounds for tile in (each[:, :64], each[:, 32:])], range(16))
    assert {tuple(sorted(pair)) for pair in pairs.tolist()} == {(2 * n, 2 * n + 1) for n in range(8)}


def test_one_colour_fits_all_and_is_not_matched():
    pairs, _ = match([np.full((64, 64, 3), 255, np.uint8)] * 3, range(3))
    assert pairs.shape == (0, 2)


def test_other_ground_is_not_matched():
    pairs, _ = match([ground(seed)[:, :64] for seed in range(12)], range(12))
    assert pairs.shape == (0, 2)


def test_nothing_left_is_nothing_matched():
    assert match([ground(0)[:, :64], ground(0)[:, 32:]], [])[0].shape == (0, 2)
