"""The regions of two thumbnails that overlap show the same part of their source."""

import numpy as np
import pytest

from discern.grouping.overlaps.thumb_regions import overlap_regions


@pytest.mark.parametrize("shift", [(12, 0), (-12, 5), (0, -3), (0, 0)])
def test_both_regions_show_the_same(shift):
    source = np.random.default_rng(0).integers(0, 256, (48, 48))
    across, down = shift
    one, other = source[16:32, 16:32], source[16 + down : 32 + down, 16 + across : 32 + across]
    first, second = overlap_regions(np.array(shift), 16)
    assert one[first].size == (16 - abs(across)) * (16 - abs(down))
    assert np.array_equal(one[first], other[second])
