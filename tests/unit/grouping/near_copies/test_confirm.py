import numpy as np
import pytest
from tests.unit.grouping.synthetic_images import catalog_of, look_alike, mirrored, scene

from discern.grouping.near_copies.candidates import CandidateFinder, Candidates
from discern.grouping.near_copies.compare import CompareConfig, compare_pictures, compare_thumbs
from discern.grouping.near_copies.confirm import ConfirmConfig, confirm, look_alike_level


def finder_of(catalog):
    size = catalog.table.select("width", "height").to_numpy()
    return CandidateFinder(catalog.thumbs, np.arange(len(catalog)), size[:, 0], size[:, 1])


def agreements(catalog, **count):
    pairs = finder_of(catalog).look_alikes(rank=20, **count)
    accept_all = CompareConfig(
        min_correlation=-1,
        min_agreement=-1,
        min_texture=0,
        min_overlap=0.2,
        max_anisotropy=9,
        max_hue_difference=9,
        max_light_difference=9,
    )
    return compare_pictures(catalog, compare_thumbs(catalog, [lambda: pairs], accept_all)[0], accept_all)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    pictures = {f"{seed:02}.png": scene(seed, width=96, height=96) for seed in range(70)}
    return catalog_of(tmp_path_factory.mktemp("scenes"), pictures | {"copy.png": mirrored(pictures["05.png"])})


@pytest.fixture(scope="module")
def look_alikes(tmp_path_factory):
    pictures = {f"{seed:02}.png": look_alike(seed, detail=3) for seed in range(70)}
    return catalog_of(tmp_path_factory.mktemp("alike"), pictures)


def test_look_alikes_raise_the_level(scenes, look_alikes):
    config = ConfirmConfig()
    plain, alike = (
        look_alike_level(agreements(catalog), config.min_deviations, config.max_level)
        for catalog in (scenes, look_alikes)
    )
    assert plain < 0.7 < alike < 1


def test_too_few_look_alikes_set_no_level(scenes):
    assert look_alike_level(agreements(scenes, count=10), deviations=4.5, highest=0.995) == -1


def test_the_level_is_robust_to_copies_among_the_look_alikes():
    alike = np.tanh(np.random.default_rng(0).normal(0.8, 0.2, 400))
    with_copies = np.concatenate([alike, np.full(20, 0.999)])
    plain, disturbed = (look_alike_level(some, deviations=4.5, highest=1.0) for some in (alike, with_copies))
    assert plain == pytest.approx(np.tanh(0.8 + 4.5 * 0.2), abs=0.02)
    assert disturbed == pytest.approx(plain, abs=0.02)


def test_exactly_the_copy_is_confirmed(scenes):
    finder = finder_of(scenes)
    pairs, scores = confirm(scenes, finder.jobs(), finder.look_alikes(rank=20))
    paths = scenes.table["path"].to_list()
    assert [{paths[a], paths[b]} for a, b in zip(pairs.wide, pairs.narrow, strict=True)] == [{"05.png", "copy.png"}]
    assert 0.9 < scores[0] <= 1


def test_look_alikes_are_not_confirmed(look_alikes):
    finder = finder_of(look_alikes)
    pairs, _ = confirm(look_alikes, finder.jobs(), finder.look_alikes(rank=20))
    assert len(pairs) == 0


class Reading:
    """Catalog that lists the rows whose pictures are read."""

    def __init__(self, catalog):
        self.catalog, self.rows = catalog, set()

    def __getattr__(self, name):
        return getattr(self.catalog, name)

    def __len__(self):
        return len(self.catalog)

    def read(self, rows):
        self.rows |= set(rows)
        return self.catalog.read(rows)


@pytest.mark.parametrize(("most", "decides"), [(0.9, False), (1.1, True)])
def test_look_alikes_are_read_only_where_their_level_decides(scenes, most, decides):
    finder, reading = finder_of(scenes), Reading(scenes)
    config = ConfirmConfig(max_level=most)
    pairs, scores = confirm(reading, finder.jobs(), finder.look_alikes(rank=20), config=config)
    assert (len(pairs), bool(scores[0] < most)) == (1, decides)
    assert (len(reading.rows) == len(scenes)) == decides


def test_a_quarter_of_the_look_alikes_is_read_where_they_are_far_from_copies(scenes):
    finder, reading = finder_of(scenes), Reading(scenes)
    many = Candidates.join([finder.look_alikes(rank=rank) for rank in (20, 25, 30)])
    pairs, _ = confirm(reading, finder.jobs(), many, config=ConfirmConfig(max_level=1.1))
    assert len(pairs) == 1
    assert len(reading.rows) < len(scenes)


def test_no_candidates(scenes):
    empty = finder_of(scenes).look_alikes().take(np.zeros(0, np.int64))
    pairs, scores = confirm(scenes, [lambda: empty], empty)
    assert len(pairs) == len(scores) == 0


def test_the_level_is_bounded(look_alikes):
    assert look_alike_level(agreements(look_alikes), deviations=1000, highest=0.995) == 0.995
