import numpy as np
import pytest
from tests.unit.grouping.synthetic_images import bare_catalog

from discern.grouping.films.colour_overlap import overlap_colours


def overlaps(*thumbs):
    """Overlap of the first thumbnail with each other one."""
    catalog = bare_catalog([f"{number}.png" for number in range(len(thumbs))], thumbs=np.stack(thumbs))
    return overlap_colours(catalog, np.array([(0, other) for other in range(1, len(thumbs))]).reshape(-1, 2))


def test_places_do_not_matter():
    thumb = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert overlaps(thumb, thumb, thumb[::-1], np.roll(thumb, 9, axis=1)).tolist() == pytest.approx([1, 1, 1])


def test_other_colours_do_not_overlap():
    red, half, blue = (np.zeros((64, 64, 3), np.uint8) for _ in range(3))
    red[..., 0] = half[:32, :, 0] = blue[..., 2] = half[32:, :, 2] = 255
    assert overlaps(red, blue, half).tolist() == pytest.approx([0, 0.5**0.5])
    assert overlaps(red).shape == (0,)
