import hashlib
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from PIL import Image
from tests.unit.grouping.synthetic_images import bare_catalog, frame, scene

from discern.grouping.films.sequences import SequenceConfig, find_sequences
from discern.grouping.groups import merge_groups
from discern.picture import thumbnail


def catalog_from(pictures):
    thumbs = np.stack([thumbnail(np.asarray(image)) for image in pictures.values()])
    return bare_catalog(list(pictures), thumbs=thumbs)


def linked(catalog, **kwargs):
    paths = catalog.table["path"].to_list()
    links, similarity = find_sequences(catalog, np.arange(len(paths)), **kwargs)
    assert ((similarity >= 0) & (similarity <= 1)).all()
    return [(paths[a], paths[b]) for a, b in links.tolist()]


@pytest.fixture(scope="module")
def films():
    frames = {
        f"{part}/fruit{film}/r0_{number}_100.png": frame(film, number)
        for film in range(6)
        for number in range(0, 120, 8)
        for part in ["test" if number % 24 == 0 else "train"]
    }
    others = {f"train/other/{'xyzuvw'[seed % 6] * (1 + seed // 6)}.png": scene(seed) for seed in range(60)}
    return catalog_from(frames | others)


def test_films_are_linked_completely_across_parts(films):
    links = linked(films)
    assert len(links) == 6 * 14
    assert all(a.split("/")[1] == b.split("/")[1] for a, b in links)
    assert any(a.split("/")[0] != b.split("/")[0] for a, b in links)


def test_numbered_photographs_are_not_a_film():
    assert linked(catalog_from({f"n01440764/n01440764_{n * 7}.png": scene(n) for n in range(60)})) == []


def test_numbered_look_alikes_are_not_a_film():
    rng = np.random.default_rng(0)
    shuffled = {f"a/{n}.png": frame(1, angle) for n, angle in enumerate(rng.permutation(60) * 6)}
    assert linked(catalog_from(shuffled | {f"b/{'q' * (n + 1)}.png": scene(n) for n in range(60)})) == []


def test_a_wide_gap_is_not_bridged():
    numbers = [*range(0, 40, 4), *range(4000, 4040, 4)]
    film = {f"a/{n}.png": frame(2, n % 4000) for n in numbers}
    links = linked(catalog_from(film | {f"b/{'q' * (n + 1)}.png": scene(n) for n in range(60)}))
    assert ("a/36.png", "a/4000.png") not in links
    assert len(links) == 18


def test_a_stricter_configuration_finds_fewer_films(films):
    assert linked(films, config=SequenceConfig(min_deviations=1e6)) == []


def test_names_without_numbers_are_not_linked():
    assert linked(catalog_from({f"{'a' * (n + 1)}.png": scene(n) for n in range(5)})) == []


def view(still, at, *, zoom=1.0, turn=0.0):
    """Look at a part of a scene of 320 x 240 pixels."""
    wide = np.asarray(scene(still, width=320, height=240).rotate(turn, Image.Resampling.BICUBIC))
    left, top, across, down = int(at), 40, int(160 * zoom), int(120 * zoom)
    return Image.fromarray(wide[top : top + down, left : left + across])


def pan(still, frames, step):
    return [view(still, 10 + step * number, zoom=1 + 0.01 * number, turn=0.5 * number) for number in range(frames)]


def many_films(name, *, step, films=6, frames=8):
    """Films in one numbering, with their places of cut."""
    shots = [shot for film in range(films) for shot in pan(film, frames, step)]
    return {f"bed/{name.format(number)}": shot for number, shot in enumerate(shots, 1)}


OTHERS = {f"chair/{'q' * (number + 1)}.png": scene(100 + number) for number in range(40)}


def groups_of(pictures, **kwargs):
    """Sizes of the films among the pictures of beds, in their order."""
    paths = [path for path in pictures if path.startswith("bed/")]
    links = linked(catalog_from(pictures | OTHERS), **kwargs)
    assert all(path.startswith("bed/") for pair in links for path in pair)
    place = {path: at for at, path in enumerate(paths)}
    group = merge_groups(len(paths), np.array([(place[a], place[b]) for a, b in links], np.int64).reshape(-1, 2))
    return [int((group == one).sum()) for one in sorted(set(group.tolist()))]


@pytest.mark.parametrize("name", ["bed ({}).jpg", "frame_{:06}.png", "x-1-{}.jpg"])
def test_a_numbering_is_cut_where_the_scene_changes(name):
    assert groups_of(many_films(name, step=6)) == [8] * 6


@pytest.mark.parametrize("step", [0, 2, 14])
def test_films_are_cut_however_fast_the_camera_moves(step):
    assert groups_of(many_films("{}.jpg", step=step)) == [8] * 6


@pytest.mark.parametrize("step", [0, 3])
def test_one_film_stays_whole(step):
    assert groups_of(many_films("{}.jpg", films=1, frames=24, step=step)) == [24]


def test_a_gap_in_the_numbers_is_bridged_where_the_pictures_agree():
    film = many_films("{}.jpg", step=3)
    kept = {path: image for number, (path, image) in enumerate(film.items()) if number % 8 not in {3, 4}}
    assert groups_of(kept) == [6] * 6


def test_a_blurred_frame_does_not_cut_a_film():
    film = many_films("{}.jpg", films=4, frames=12, step=2)
    film["bed/6.jpg"] = scene(300)
    assert sorted(groups_of(film)) == [1, 11, 12, 12, 12]


def test_a_burst_among_independent_photographs_is_linked():
    pictures = {f"bed/IMG_{number:04}.jpg": scene(400 + number) for number in range(60)}
    pictures |= {f"bed/IMG_{20 + number:04}.jpg": shot for number, shot in enumerate(pan(7, 6, 4))}
    assert sorted(groups_of(pictures))[-2:] == [1, 6]


def test_bursts_by_time_stamp_are_linked():
    shots = [shot for film in range(4) for shot in pan(film, 6, 4)]
    names = [f"2024-05-01 {9 + at // 6:02}.59.{50 + at % 6 * 2:02}.jpg" for at in range(24)]
    assert groups_of({f"bed/{name}": shot for name, shot in zip(names, shots, strict=True)}) == [6] * 4


@pytest.mark.parametrize("count", [3, 4, 5])
def test_a_few_numbered_photographs_are_not_linked(count):
    assert linked(catalog_from({f"a/p{n}.png": scene(n) for n in range(count)})) == []


def test_three_noisy_pictures_of_each_of_many_things_are_not_films():
    rng = np.random.default_rng(0)
    pictures = {
        f"{thing:03}/{copy}.png": Image.fromarray(
            (np.asarray(scene(thing), float) + rng.normal(0, 12, (120, 160, 3))).clip(0, 255).astype(np.uint8)
        )
        for thing in range(30)
        for copy in range(3)
    }
    assert linked(catalog_from(pictures)) == []


def taken_groups(shots, *, hours=0.0, seconds=1.0, camera="X100"):
    """Link pictures with hashes for names, given as (folder, scene of the shot, picture), by their times of capture.

    Shots of one scene follow each other within seconds, and scenes within hours. The result is the scenes by group.
    """
    paths, times, time, before = {}, [], 1_700_000_000_000, None
    for at, (folder, scene_of, image) in enumerate(shots):
        paths[f"{folder}/{hashlib.sha256(str(at).encode()).hexdigest()[:16]}.jpg"] = image
        time += int(1000 * (seconds if scene_of == before else 3600 * hours or seconds))
        before = scene_of
        times.append(time)
    catalog = catalog_from(paths)
    columns = pl.Series("taken", times, pl.Int64), pl.Series("camera", [camera] * len(times), pl.String)
    links, _ = find_sequences(replace(catalog, table=catalog.table.with_columns(*columns)), np.arange(len(times)))
    group = merge_groups(len(times), links)
    return [[shots[row][1] for row in np.flatnonzero(group == one)] for one in sorted(set(group.tolist()))]


def test_bursts_are_found_by_their_times_of_capture():
    shots = [("all", film, shot) for film in range(8) for shot in pan(film, 1 + film, 4)]
    assert taken_groups(shots, hours=5) == [[film] * (1 + film) for film in range(8)]


def test_a_walk_through_several_classes_is_cut_where_the_scene_changes():
    rooms = "bed", "sofa", "table"
    shots = [(rooms[film // 2], film, shot) for film in range(6) for shot in pan(film, 8, 6)]
    assert taken_groups(shots, seconds=2) == [[film] * 8 for film in range(6)]


def test_a_burst_that_was_sorted_into_several_folders_is_one_group():
    shots = [("abc"[film % 3], film, shot) for film in range(30) for shot in pan(film, 1, 4)]
    shots[9:12] = [("abc"[at], 100, shot) for at, shot in enumerate(pan(100, 3, 4))]
    assert [group for group in taken_groups(shots, hours=3) if len(group) > 1] == [[100] * 3]


@pytest.mark.parametrize(("hours", "seconds"), [(6.0, 1.0), (0.0, 1.0), (0.0, 0.0)])
def test_independent_photographs_are_not_linked_by_their_times(hours, seconds):
    shots = [("ab"[number % 2], number, scene(number)) for number in range(80)]
    assert taken_groups(shots, hours=hours, seconds=seconds) == [[number] for number in range(80)]
