"""A tile of one colour is linked to the only source that holds it, and to none where two do or none does."""

import numpy as np

from discern.grouping.overlaps.flat_tiles import match_flat_tiles

SHIFTS = np.array([(12, 0), (-12, 0), (0, 12), (0, -12)])
BLUE = (88, 137, 193)


def textured(seed, edge=None):
    """Cells of a tile of many colours, with one colour along its right edge."""
    cells = np.random.default_rng(seed).uniform(0, 256, (16, 16, 3)).astype(np.float32)
    if edge is not None:
        cells[:, 12:] = edge
    return cells


def flat(colour):
    return np.broadcast_to(np.array(colour, np.float32), (16, 16, 3))


def match(tiles, left=(0,)):
    """Match the first tiles with those after them, each of which is a source."""
    source = np.arange(len(tiles)) >= len(left)
    return match_flat_tiles(np.stack(tiles), SHIFTS, np.arange(len(tiles)), np.array(left, np.int64), source)


def test_the_only_source_of_a_colour_is_found():
    pairs, distance = match([flat(BLUE), textured(1), textured(2, BLUE), textured(3)])
    assert pairs.tolist() == [[0, 2]]
    assert distance.tolist() == [0]


def test_a_colour_of_two_sources_tells_neither():
    assert len(match([flat(BLUE), textured(2, BLUE), textured(3, BLUE)])[0]) == 0


def test_so_does_a_shade_that_is_nearly_theirs():
    assert len(match([flat(BLUE), textured(2, BLUE), textured(3, np.add(BLUE, 3))])[0]) == 0


def test_a_patch_inside_another_source_counts_too():
    inside = textured(3)
    inside[5:11, 5:11] = BLUE
    assert len(match([flat(BLUE), textured(2, BLUE), inside])[0]) == 0


def test_a_patch_that_is_no_overlap_links_nothing():
    inside = textured(3)
    inside[5:11, 5:11] = BLUE
    assert len(match([flat(BLUE), textured(2), inside])[0]) == 0


def test_a_source_may_hold_the_colour_in_many_tiles():
    tiles = [flat(BLUE), textured(1, BLUE), textured(2, BLUE), textured(3)]
    pairs, _ = match_flat_tiles(
        np.stack(tiles), SHIFTS, np.array([0, 1, 1, 3]), np.array([0]), np.array([False, True, True, True])
    )
    assert pairs[:, 0].tolist() == [0]
    assert pairs[0, 1] in {1, 2}


def test_another_colour_is_not_linked():
    assert len(match([flat((93, 137, 193)), textured(2, BLUE), textured(3)])[0]) == 0


def test_a_tile_with_texture_is_not_linked():
    assert len(match([textured(0, BLUE), textured(2, BLUE), textured(3)])[0]) == 0


def test_without_sources_nothing_is_linked():
    assert len(match([flat(BLUE)])[0]) == 0
    assert len(match([textured(0), textured(1)], left=[])[0]) == 0
