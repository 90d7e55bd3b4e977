"""Points are found at the same places of a scene, wherever the picture begins."""

import numpy as np
from tests.unit.grouping.synthetic_images import scene

from discern.grouping.overlaps.interest_points import LENGTH, POINTS, find_points
from discern.picture import thumbnail


def thumbs(*pictures):
    return np.stack([thumbnail(np.asarray(picture)) for picture in pictures])


def test_points_of_a_moved_picture_are_found_again_and_look_alike():
    wide = scene(4, width=260, height=120)
    points = find_points(thumbs(wide.crop((0, 0, 120, 120)), wide.crop((60, 0, 180, 120))), np.arange(2))
    first, second = (points.picture == number for number in (0, 1))
    moved = points.place[first][:, None] - points.place[second] - (32, 0)
    same = np.argwhere(np.hypot(*moved.transpose(2, 0, 1)) < 0.8)
    assert len(same) >= 8
    cosine = points.descriptor[first] @ points.descriptor[second].T
    assert np.median(cosine[same[:, 0], same[:, 1]]) > 0.9
    assert np.median(cosine) < 0.3


def test_points_are_numbered_by_picture_and_bounded():
    pictures = thumbs(*(scene(seed) for seed in range(5)))
    points = find_points(pictures, np.array([3, 1, 4]))
    assert points.descriptor.shape == (len(points), LENGTH)
    assert (np.diff(points.picture) >= 0).all()
    assert 10 <= np.bincount(points.picture).min() <= np.bincount(points.picture).max() <= POINTS
    assert np.allclose(np.linalg.norm(points.descriptor, axis=1), 1, atol=1e-4)
    assert ((points.place >= 2.5) & (points.place <= 60.5)).all()


def test_a_plain_picture_has_no_points():
    assert len(find_points(np.full((2, 64, 64, 3), 90, np.uint8), np.arange(2))) == 0
