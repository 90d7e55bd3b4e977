import numpy as np
from tests.unit.grouping.synthetic_images import bare_catalog

from discern.grouping.films.frame_distance import FrameDistance, _reduce
from discern.grouping.films.series import find_series


def test_reduced_thumbnails_are_means_of_cells():
    thumbs = np.random.default_rng(0).integers(0, 256, (7, 64, 64, 3), dtype=np.uint8)
    cells = thumbs.reshape(7, 16, 4, 16, 4, 3).mean(axis=(2, 4)).round()
    np.testing.assert_array_equal(_reduce(thumbs), cells.reshape(7, 768))


def test_the_distance_is_the_mean_difference_of_thumbnails():
    thumbs = np.zeros((3, 64, 64, 3), np.uint8)
    thumbs[1], thumbs[2, :32] = 51, 255
    distance = FrameDistance(bare_catalog(["a", "b", "c"], thumbs=thumbs), np.arange(3), None)
    np.testing.assert_allclose(distance(np.array([[0, 1], [0, 2], [1, 1]])), [0.2, 0.5, 0])
    assert distance(np.zeros((0, 2), np.int64)).shape == (0,)


def test_unrelated_pairs_are_of_different_series():
    paths = [f"{folder}/{number}.png" for folder in "ab" for number in range(5)]
    catalog = bare_catalog(paths)
    pairs = FrameDistance(catalog, np.arange(10), None).unrelated_pairs(find_series(paths, range(10)))
    assert (pairs[:, 0] // 5 != pairs[:, 1] // 5).all()
