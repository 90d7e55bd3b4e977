import numpy as np
import pytest
from tests.unit.grouping.synthetic_images import catalog_of, look_alike, mirrored, scene

from discern.grouping.near_copies.candidates import CandidateFinder
from discern.grouping.near_copies.compare import CompareConfig, compare_pictures, compare_thumbs
from discern.grouping.near_copies.confirm import ConfirmConfig, confirm, level_of


def proposer_of(catalog):
    size = catalog.table.select("width", "height").to_numpy()
    return CandidateFinder(catalog.thumbs, np.arange(len(catalog)), size[:, 0], size[:, 1])


def agreements(catalog, **count):
    pairs = proposer_of(catalog).look_alikes(rank=20, **count)
    anything = CompareConfig(first_look=-1, thumb=-1, texture=0, overlap=0.2, stretch=9, hue=9, light=9)
    return compare_pictures(catalog, compare_thumbs(catalog, [lambda: pairs], anything)[0], anything)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    pictures = {f"{seed:02}.png": scene(seed, width=96, height=96) for seed in range(70)}
    return catalog_of(tmp_path_factory.mktemp("scenes"), pictures | {"copy.png": mirrored(pictures["05.png"])})


@pytest.fixture(scope="module")
def look_alikes(tmp_path_factory):
    pictures = {f"{seed:02}.png": look_alike(seed, detail=3) for seed in range(70)}
    return catalog_of(tmp_path_factory.mktemp("alike"), pictures)


def test_look_alikes_raise_what_is_asked(scenes, look_alikes):
    config = ConfirmConfig()
    plain, alike = (level_of(agreements(of), config.spreads, config.highest) for of in (scenes, look_alikes))
    assert plain < 0.7 < alike < 1


def test_a_few_pictures_raise_nothing(scenes):
    assert level_of(agreements(scenes, count=10), spreads=4.5, highest=0.995) == -1


def test_some_copies_among_the_look_alikes_do_no_harm():
    alike = np.tanh(np.random.default_rng(0).normal(0.8, 0.2, 400))
    with_copies = np.concatenate([alike, np.full(20, 0.999)])
    plain, disturbed = (level_of(some, spreads=4.5, highest=1.0) for some in (alike, with_copies))
    assert plain == pytest.approx(np.tanh(0.8 + 4.5 * 0.2), abs=0.02)
    assert disturbed == pytest.approx(plain, abs=0.02)


def test_a_copy_is_confirmed_and_nothing_else(scenes):
    proposer = proposer_of(scenes)
    pairs, scores = confirm(scenes, proposer.pieces(), proposer.look_alikes(rank=20))
    paths = scenes.table["path"].to_list()
    assert [{paths[a], paths[b]} for a, b in zip(pairs.wide, pairs.narrow, strict=True)] == [{"05.png", "copy.png"}]
    assert 0.9 < scores[0] <= 1


def test_look_alikes_are_no_copies(look_alikes):
    proposer = proposer_of(look_alikes)
    pairs, _ = confirm(look_alikes, proposer.pieces(), proposer.look_alikes(rank=20))
    assert len(pairs) == 0


def test_no_proposals_need_no_reading(scenes):
    nothing = proposer_of(scenes).look_alikes().take(np.zeros(0, np.int64))
    pairs, scores = confirm(scenes, [lambda: nothing], nothing)
    assert len(pairs) == len(scores) == 0


def test_what_is_asked_at_most(look_alikes):
    assert level_of(agreements(look_alikes), spreads=1000, highest=0.995) == 0.995
