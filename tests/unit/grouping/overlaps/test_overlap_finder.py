"""Tiles of one picture are linked, whatever their names, their labels and their overlap; other pictures are not."""

import numpy as np
import pytest
from PIL import Image
from tests.unit.grouping.synthetic_images import catalog_of, hidden_name, look_alike, re_encoded, scene, tiles_of

from discern.grouping import find_edges, form_groups
from discern.grouping.groups import merge_groups
from discern.grouping.overlaps.overlap_finder import find_overlaps

SIDE = 128


def cut(step, *, sources=6, alter=lambda image: image, width=320, height=256, name=hidden_name, ends=".jpg"):
    """Tiles of scenes by name, and the source of each."""
    pictures, source = {}, {}
    for seed in range(sources):
        tiles = tiles_of(scene(seed, width=width, height=height), side=SIDE, step=step)
        for tile in tiles.values():
            path = f"{name(len(pictures))}{ends}"
            pictures[path], source[path] = alter(tile), seed
    return pictures, source


def assert_grouped_by_source(catalog, source):
    group = form_groups(catalog, find_edges(catalog)).group
    found = {}
    for path, number in zip(catalog.table["path"], group.tolist(), strict=True):
        found.setdefault(number, set()).add(source[path])
    assert all(len(sources) == 1 for sources in found.values())
    assert len(found) == len(set(source.values()))


@pytest.mark.parametrize("overlap", [0.25, 0.5, 0.75])
def test_tiles_are_grouped_by_their_source(tmp_path, overlap):
    size = {0.25: (320, 320), 0.5: (320, 256), 0.75: (224, 192)}[overlap]
    pictures, source = cut(round(SIDE * (1 - overlap)), width=size[0], height=size[1], sources=4)
    assert_grouped_by_source(catalog_of(tmp_path, pictures), source)


def test_tiles_saved_again_with_other_light_are_grouped_too(tmp_path):
    rng = np.random.default_rng(0)

    def alter(image):
        gain = rng.uniform(0.85, 1.15)
        return re_encoded(60)(image.point(lambda value: min(255, int(value * gain))))

    pictures, source = cut(77, sources=4, alter=alter, width=282, height=205)
    assert_grouped_by_source(catalog_of(tmp_path, pictures), source)


def test_tiles_that_adjoin_are_not_linked(tmp_path):
    pictures, _ = cut(SIDE, width=384)
    catalog = catalog_of(tmp_path, pictures)
    assert len(find_overlaps(catalog, np.arange(len(catalog))).pairs) == 0


def test_independent_pictures_are_not_linked(tmp_path):
    pictures = {f"{hidden_name(seed)}.png": scene(seed) for seed in range(30)}
    pictures |= {f"x{hidden_name(seed)}.png": look_alike(seed) for seed in range(30)}
    catalog = catalog_of(tmp_path, pictures)
    assert len(find_overlaps(catalog, np.arange(len(catalog))).pairs) == 0


def frame_with(border, seed):
    image = scene(seed, width=SIDE, height=SIDE)
    for top in (0, SIDE - border.height):
        image.paste(border, (0, top))
    return image


def test_pictures_with_one_border_are_not_linked(tmp_path):
    border = scene(99, width=SIDE, height=26)
    pictures = {f"{hidden_name(seed)}.png": frame_with(border, seed) for seed in range(20)}
    catalog = catalog_of(tmp_path, pictures)
    overlaps = find_overlaps(catalog, np.arange(len(catalog)))
    assert np.bincount(merge_groups(len(catalog), overlaps.pairs)).max() <= 2


def test_overlapping_tiles_are_no_copies_and_no_conflict(tmp_path):
    pictures, _ = cut(40, sources=2, width=208, height=SIDE)
    catalog = catalog_of(tmp_path, {f"{'ab'[n % 2]}/{path}": tile for n, (path, tile) in enumerate(pictures.items())})
    edges = find_edges(catalog)
    assert set(edges["kind"]) == {"overlap"}


def test_tiles_of_a_white_corner_are_grouped_by_their_source(tmp_path):
    """Check that overlaps which are mostly white, as many sources have, link no two sources."""
    pictures, source = {}, {}
    for seed in range(3):
        image = scene(seed, width=320, height=256)
        image.paste((255, 255, 255), (0, 0, 100, 100))
        for (row, column), tile in tiles_of(image, side=SIDE, step=64).items():
            path = f"plate{seed}_r{row}_c{column}.png"
            pictures[path], source[path] = tile, seed
    assert_grouped_by_source(catalog_of(tmp_path, pictures), source)


def test_frames_of_a_panning_camera_are_one_source(tmp_path):
    pictures = {}
    wide = scene(5, width=520, height=140)
    for number, left in enumerate(range(0, 380, 90)):
        turned = wide.rotate(number % 2, Image.Resampling.BICUBIC).crop((left, 6, left + SIDE, 134))
        pictures[f"{hidden_name(number)}.jpg"] = turned
    pictures |= {f"y{hidden_name(seed)}.jpg": scene(seed, width=SIDE, height=SIDE) for seed in range(10, 30)}
    catalog = catalog_of(tmp_path, pictures)
    overlaps = find_overlaps(catalog, np.arange(len(catalog)))
    pans = [row for row, path in enumerate(catalog.table["path"]) if not path.startswith("y")]
    component = merge_groups(len(catalog), overlaps.pairs)
    assert len(set(component[pans].tolist())) == 1
    assert np.bincount(component).max() == len(pans)


@pytest.mark.parametrize("count", [0, 1])
def test_few_pictures_have_no_overlaps(tmp_path, count):
    catalog = catalog_of(tmp_path, {"a.png": scene(0)})
    overlaps = find_overlaps(catalog, np.arange(count))
    assert overlaps.pairs.shape == overlaps.moved.shape == (0, 2)


def test_progress_counts_the_pairs(tmp_path):
    pictures, _ = cut(64, sources=2, width=192, height=192)
    steps = []
    catalog = catalog_of(tmp_path, pictures)
    find_overlaps(catalog, np.arange(len(catalog)), progress=lambda *step: steps.append(step))
    assert steps[-1][0] == "confirm overlaps"
    assert steps[-1][1] == steps[-1][2]


def test_a_lone_tile_of_sky_is_linked_to_the_source_of_its_colour(tmp_path):
    pictures, source = {}, {}
    for seed in range(4):
        image = scene(seed, width=288, height=288)
        image.paste([(88, 137, 193), (96, 134, 180), (80, 120, 200), (100, 140, 210)][seed], (0, 0, SIDE, SIDE))
        for tile in tiles_of(image, side=SIDE, step=80).values():
            path = f"{hidden_name(len(pictures))}.jpg"
            pictures[path], source[path] = tile, seed
    assert_grouped_by_source(catalog_of(tmp_path, pictures), source)
