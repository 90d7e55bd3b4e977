import numpy as np
from PIL import Image
from tests.unit.grouping.synthetic_images import catalog_of, scene

from discern.grouping.near_copies.grey_pictures import read_greys, resize_grey


def test_pictures_are_decoded_to_luma_of_limited_size(tmp_path):
    plain = Image.new("RGB", (640, 512), (200, 100, 50))
    small = scene(1)
    catalog = catalog_of(tmp_path, {"a.png": plain, "b.png": small})
    large, other = read_greys(catalog, np.array([0, 1])).values()
    assert (large.mode, large.size) == ("F", (320, 256))
    np.testing.assert_allclose(np.asarray(large), 0.299 * 200 + 0.587 * 100 + 0.114 * 50, atol=1e-3)
    assert other.size == small.size


def test_no_side_falls_below_sixteen_pixels():
    assert resize_grey(Image.new("F", (400, 20)), 100.4, 5).size == (100, 16)
