import numpy as np
import pytest
from tests.unit.grouping.synthetic_images import bare_catalog

from discern.grouping.films.bursts import BurstConfig, link_bursts
from discern.grouping.films.series import Series

UNRELATED = np.array([(0, 1)] * 4)


def linked(scenes, times, *, film=None, folders=None, **config):
    """Link pictures that agree if their scenes are equal."""
    scenes = np.array(scenes)
    catalog = bare_catalog([f"{(folders or 'a' * len(scenes))[row]}/{row:05}.jpg" for row in range(len(scenes))])
    rows = np.arange(len(scenes))
    pairs = link_bursts(
        catalog,
        [Series(pattern="@", rows=rows, numbers=np.array(times, np.int64), timed=True)],
        agreement=lambda pairs: np.where(scenes[pairs[:, 0]] == scenes[pairs[:, 1]], 0.9, 0.1),
        unrelated=UNRELATED,
        film=rows if film is None else film,
        config=BurstConfig(**config),
    )
    return sorted(map(tuple, pairs.tolist()))


GALLERY = [*range(200)]
HOURS = np.arange(200) * 3_600_000


def burst_at(*rows, pause=1000):
    scenes, times = np.array(GALLERY), HOURS.copy()
    scenes[list(rows)] = 1000
    times[list(rows)] = times[rows[0]] + np.arange(len(rows)) * pause
    return scenes, times


def test_pictures_of_one_scene_within_seconds_are_linked():
    assert linked(*burst_at(20, 21)) == [(20, 21)]


def test_pictures_of_one_scene_hours_apart_are_not_linked():
    assert linked(*burst_at(20, 21, pause=3_600_000)) == []


def test_pictures_of_other_scenes_within_seconds_are_not_linked():
    assert linked(GALLERY, np.arange(200) * 1000) == []


def test_look_alikes_are_not_linked():
    """Every third pair of the conveyor belt agrees, whenever it was taken."""
    assert linked(np.random.default_rng(0).integers(0, 3, 200), np.arange(200) * 1000) == []


@pytest.mark.parametrize("cameras", [2, 3])
def test_several_cameras_are_disentangled(cameras):
    scenes, times = burst_at(*range(20, 20 + 4 * cameras))
    scenes[20 : 20 + 4 * cameras] = 1000 + np.arange(4 * cameras) % cameras
    assert linked(scenes, times) == [(at, at + cameras) for at in range(20, 20 + 3 * cameras)]


def test_a_burst_may_cross_folders():
    scenes, times = burst_at(20, 21)
    assert linked(scenes, times, folders=["a"] * 21 + ["b"] * 179) == [(20, 21)]


def test_one_time_in_all_pictures_tells_nothing():
    scenes = np.array(GALLERY)
    scenes[20:22] = 1000
    assert linked(scenes, np.full(200, 315_532_800_000)) == []


def test_frames_of_one_film_are_not_compared():
    scenes, times = burst_at(20, 21)
    film = np.arange(200)
    film[21] = 20
    assert linked(scenes, times, film=film) == []
