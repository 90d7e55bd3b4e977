"""Function that tells which parts of two thumbnails overlap."""

import numpy as np


def overlap_regions(shift: np.ndarray, size: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Return the rows and columns of the first and second picture that overlap at a shift.

    Args:
        shift: shift across and down, int [2].
        size: side of both pictures, in the unit of the shift.
    """
    first = tuple(slice(max(int(s), 0), size + min(int(s), 0)) for s in shift[::-1])
    second = tuple(slice(max(-int(s), 0), size - max(int(s), 0)) for s in shift[::-1])
    return (first[0], first[1]), (second[0], second[1])
