import numpy as np
import pytest
from tests.unit.grouping.synthetic_images import bare_catalog, frame, scene

from discern.grouping.films.frame_distance import _reduce
from discern.grouping.films.sequences import SequenceConfig, find_sequences
from discern.grouping.films.series import find_series
from discern.picture import thumbnail


def catalog_from(pictures):
    thumbs = np.stack([thumbnail(np.asarray(image)) for image in pictures.values()])
    return bare_catalog(list(pictures), thumbs=thumbs)


def linked(catalog, **kwargs):
    paths = catalog.table["path"].to_list()
    links, similarity = find_sequences(catalog, np.arange(len(paths)), **kwargs)
    assert ((similarity >= 0) & (similarity <= 1)).all()
    return [(paths[a], paths[b]) for a, b in links.tolist()]


def series_of(*paths):
    return [[paths[row] for row in series.rows] for series in find_series(list(paths), range(len(paths)))]


def test_a_series_is_ordered_by_numeric_value():
    assert series_of("a/x10.jpg", "a/x9.jpg", "a/x11.jpg") == [["a/x9.jpg", "a/x10.jpg", "a/x11.jpg"]]


def test_the_most_variable_number_is_the_position():
    paths = [f"apple/r{axis}_{number}_100.jpg" for axis in (0, 1) for number in (3, 14, 25, 36)]
    assert series_of(*paths) == [paths[:4], paths[4:]]


def test_folders_separate_series_unless_they_name_a_part():
    assert len(series_of("train/a/1.jpg", "test/a/2.jpg", "validation/a/3.jpg")) == 1
    assert series_of("a/1.jpg", "b/2.jpg", "c/3.jpg") == []


def test_two_pictures_do_not_form_a_series():
    assert series_of("a/1.jpg", "a/2.jpg") == []


@pytest.mark.parametrize("name", ["plain", "é1", "hash99999999999999999999"])
def test_names_without_usable_numbers_are_skipped(name):
    assert series_of(f"a/{name}.jpg", "a/b.jpg", "a/c.jpg") == []


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


def test_reduced_thumbnails_are_means_of_cells():
    thumbs = np.random.default_rng(0).integers(0, 256, (7, 64, 64, 3), dtype=np.uint8)
    cells = thumbs.reshape(7, 16, 4, 16, 4, 3).mean(axis=(2, 4)).round()
    np.testing.assert_array_equal(_reduce(thumbs), cells.reshape(7, 768))
