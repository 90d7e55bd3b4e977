import json
from dataclasses import replace

import numpy as np
import pytest

from discern.splitting import make_split, prove, random_split
from discern.splitting.proof import colour_layout


def noise(count, seed=0):
    coarse = np.random.default_rng(seed).integers(0, 256, (count, 4, 4, 3), dtype=np.uint8)
    return coarse.repeat(16, axis=1).repeat(16, axis=2)


@pytest.fixture
def thumbs():
    """Pairs of pictures, the second a little brighter than the first."""
    pictures = noise(40)
    pictures[1::2] = np.clip(pictures[::2].astype(int) + 3, 0, 255)
    return pictures


@pytest.fixture
def pairs(make_catalog, make_groups, thumbs):
    pixels = [f"p{row - row % 4}" if row < 4 else f"p{row}" for row in range(40)]
    catalog = make_catalog(["a"] * 20 + ["b"] * 20, thumbs=thumbs, pixels=pixels)
    return catalog, make_groups(np.maximum(np.arange(40) // 2, 1), cross_pairs=[(4, 30)])


def test_a_leak_free_split_shares_nothing(pairs):
    split = make_split(*pairs)
    proof = split.proof
    assert proof["holds"]
    assert [found["name"] for found in proof["rounds"]] == [f"fold {fold}" for fold in split.held_out]
    for found in proof["rounds"]:
        assert found["judged"] + found["learned"] + found["left_out"] == 40
        assert found["nearest"]["smallest"] > 5 * proof["within_groups"]
    assert sum(found["left_out"] for found in proof["rounds"]) == 2
    assert json.loads(json.dumps(proof, allow_nan=False)) == proof


def test_leaks_of_a_random_split_are_found(pairs):
    catalog, groups = pairs
    proof = prove(catalog, groups, random_split(catalog, make_split(catalog, groups), seed=1))
    assert not proof["holds"]
    assert sum(found["groups_shared"] for found in proof["rounds"]) > 5
    assert sum(found["pixels_shared"] for found in proof["rounds"]) > 0
    assert min(found["nearest"]["smallest"] for found in proof["rounds"]) < 4


def test_a_pair_across_groups_is_found(pairs):
    catalog, groups = pairs
    split = replace(make_split(catalog, groups), left_out={})
    assert sum(found["pairs_across"] for found in prove(catalog, groups, split)["rounds"]) == 2


def test_the_nearest_pairs_are_listed(pairs):
    catalog, groups = pairs
    random = random_split(catalog, make_split(catalog, groups), seed=1)
    paths = catalog.table["path"].to_list()
    for number, found in enumerate(prove(catalog, groups, random)["rounds"]):
        distances = [pair["distance"] for pair in found["closest"]]
        assert len(distances) == 5
        assert distances == sorted(distances)
        assert distances[0] == found["nearest"]["smallest"]
        for pair in found["closest"]:
            assert random.fold[paths.index(pair["judged"])] == number
            assert random.fold[paths.index(pair["learned"])] != number


def test_a_test_part_is_a_round(make_catalog, make_groups):
    catalog = make_catalog(["a"] * 20, part=["train"] * 15 + ["test"] * 5, thumbs=noise(20))
    proof = make_split(catalog, make_groups(range(20))).proof
    assert proof["rounds"][-1]["name"] == "test"
    assert proof["rounds"][-1]["judged"] == 5
    assert proof["within_groups"] is None


def test_file_parts_are_checked(pairs):
    catalog, groups = pairs
    split = make_split(catalog, groups)
    validation, test = split.proof["parts"]
    assert (validation["name"], test["name"]) == ("validation", "test")
    assert validation["learned"] == np.count_nonzero(split.part == "train")
    assert test["learned"] == np.count_nonzero(np.isin(split.part, ["train", "validation"]))
    assert test["judged"] == np.count_nonzero(split.part == "test")
    leaky = replace(split, part=np.array(["train", "test"] * 20))
    proof = prove(catalog, groups, leaky)
    assert not proof["holds"]
    assert proof["parts"][1]["groups_shared"] == 19


def test_two_groups_have_one_closest_pair(make_catalog, make_groups):
    catalog = make_catalog(["a"] * 20, part=["train"] * 10 + ["test"] * 10, thumbs=noise(2)[np.arange(20) // 10])
    split = make_split(catalog, make_groups([0, 0, *range(1, 9), *[20] * 10]))
    (pair,) = split.proof["rounds"][-1]["closest"]
    assert pair["judged"] == "a/00010.png"


def test_a_split_without_rounds_holds(make_catalog, make_groups):
    proof = make_split(make_catalog(["a", "b"]), make_groups([0, 1])).proof
    assert proof["holds"]
    assert proof["rounds"] == []


class TestColourLayout:
    def distance(self, one, other):
        layout = colour_layout(np.stack([one, other]))
        return float(np.linalg.norm(layout[0] - layout[1]))

    def test_measures_brightness_in_levels(self):
        grey = np.full((64, 64, 3), 100, np.uint8)
        assert self.distance(grey, grey + 10) == pytest.approx(10, abs=1e-3)

    def test_is_the_root_mean_square_of_smooth_pictures(self):
        wave = 50 * np.cos(np.pi * (np.arange(64) + 0.5) / 64)
        picture = np.broadcast_to((128 + wave)[None, :, None], (64, 64, 3)).round().astype(np.uint8)
        blocks = picture.reshape(8, 8, 8, 8, 3).mean(axis=(1, 3))
        expected = np.sqrt(((blocks - 128) ** 2).mean())
        assert self.distance(picture, np.full_like(picture, 128)) == pytest.approx(expected, rel=0.01)

    def test_depends_on_colour_and_position(self):
        left, right, red = (np.zeros((64, 64, 3), np.uint8) for _ in range(3))
        left[:, :32] = right[:, 32:] = 200
        red[..., 0] = 60
        assert self.distance(left, right) > 50
        assert self.distance(red, np.full_like(red, 18)) > 20

    def test_ignores_detail(self):
        board = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)
        picture = np.repeat(board[..., None], 3, axis=2)
        assert self.distance(picture, 255 - picture) == pytest.approx(0, abs=1e-3)

    def test_batches_many_pictures(self):
        pictures = noise(150)
        layout = colour_layout(pictures)
        assert layout.shape == (150, 12)
        assert np.allclose(layout[149], colour_layout(pictures[149:])[0], atol=1e-3)
