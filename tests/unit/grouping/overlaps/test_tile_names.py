"""Names tell the source of tiles only where contents confirm them."""

import re

import numpy as np
import pytest

from discern.grouping.overlaps.tile_names import (
    find_named_grids,
    find_telling_names,
    join_named_grids,
    link_by_names,
    read_tile_names,
)

FORMS = (
    *("plate{0:02}_r{1}_c{2}.jpg", "s{0}_x{1}_y{2}.png", "slide {0} ({1},{2}).tif"),
    *("{0}-{1}-{2}.jpg", "w{0}_{1}_{2}"),
)


def grid(form, sources=3, side=3):
    return [f"a/{form.format(s, r, c)}" for s in range(sources) for r in range(side) for c in range(side)]


@pytest.mark.parametrize("form", FORMS)
def test_the_source_and_place_are_read(form):
    names = read_tile_names(grid(form))[0]
    assert len(set(names.source)) == 3
    assert names.place[:4] == [(0, 0), (0, 1), (0, 2), (1, 0)]


@pytest.mark.parametrize("form", FORMS[:3])
def test_the_pattern_groups_by_source(form):
    paths = grid(form)
    pattern = find_telling_names(paths, np.repeat(np.arange(3), 9)).pattern
    assert len({re.search(pattern, path)[1] for path in paths}) == 3


def test_frames_with_one_number_and_folders_tell_too():
    strips = [f"weld{s}_{n:02}.png" for s in "abc" for n in range(6)]
    assert len(set(find_telling_names(strips, np.repeat(np.arange(3), 6)).source)) == 3
    folders = [f"lot/{s}/{name}.png" for s in "xyz" for name in ("abc", "fgh", "kkl", "mno")]
    assert find_telling_names(folders, np.repeat(np.arange(3), 4)).pattern == "^(.+)/[^/]+$"


def test_names_that_contents_contradict_are_not_believed():
    paths = grid(FORMS[0])
    assert find_telling_names(paths, np.arange(27) % 3) is None
    assert find_telling_names(paths, np.arange(27)) is None
    assert link_by_names(paths, np.arange(27)).shape == (0, 2)


def test_tiles_of_a_source_are_linked_where_half_of_them_overlap():
    paths, component = grid(FORMS[0]), np.repeat(np.arange(3), 9)
    component[[8, 17]] = 30, 31
    component[20:27] = np.arange(40, 47)
    links = link_by_names(paths, np.unique(component, return_inverse=True)[1])
    assert {tuple(link) for link in links.tolist()} == {(0, 8), (9, 17)}


def test_grids_in_names_have_most_of_their_places():
    names, gridded = find_named_grids([*grid(FORMS[0]), "a/other.jpg"])
    assert gridded.tolist() == [True] * 27 + [False]
    assert len({source for source in names.source if source}) == 3
    assert find_named_grids([f"IMG_2023_{n:04}.jpg" for n in range(50)]) is None
    assert find_named_grids([f"p_{n}_{n * 7 % 40}.jpg" for n in range(40)]) is None
    assert find_named_grids(["a.jpg", "b.jpg"]) is None


def test_pairs_of_two_grids_are_told_from_others():
    paths = [*grid(FORMS[1]), "a/other_1.jpg"]
    pairs = np.array([[0, 1], [8, 9], [0, 26], [9, 17], [26, 27]])
    assert join_named_grids(paths, pairs).tolist() == [False, True, True, False, False]
    assert join_named_grids([f"film_{n:03}.jpg" for n in range(5)], pairs[:1]).tolist() == [False]
    assert join_named_grids(paths, pairs[:0]).shape == (0,)
