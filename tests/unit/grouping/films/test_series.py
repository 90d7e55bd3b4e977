import numpy as np
import pytest

from discern.grouping.films.series import find_series


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


@pytest.mark.parametrize(
    "name",
    ["bed (1{:02}).jpg", "frame_{:06}.png", "IMG_{:04}.JPG", "x-1-{}.jpg", "Stühle {}.jpg", "20240101120000{:03}.jpg"],
)
def test_any_number_pattern_is_a_series(name):
    paths = [f"a/{name.format(number)}" for number in (1, 2, 9, 10, 11)]
    assert series_of(*paths[::-1]) == [paths]


def nearness(scene):
    """Evidence of pairs whose scenes are equal, given the scene of each row."""
    return lambda pairs: float(sum(scene[a] == scene[b] for a, b in pairs.tolist()))


def test_the_position_is_the_number_whose_neighbours_are_nearer():
    """Fifteen films of four frames: the number of the film has more values than that of the frame."""
    paths = [f"a/x-{film}-{shot}.jpg" for film in range(15) for shot in range(4)]
    scene = np.repeat(np.arange(15), 4)
    found = find_series(paths, range(60), evidence=nearness(scene))
    assert [series.rows.tolist() for series in found] == [list(range(at, at + 4)) for at in range(0, 60, 4)]


def test_a_time_of_day_is_one_position():
    times = [(9, 58, 57), (9, 58, 59), (9, 59, 2), (9, 59, 40), (10, 0, 1), (10, 0, 3)]
    paths = ["a/2024-05-01 {:02}.{:02}.{:02}.jpg".format(*time) for time in times]
    found = find_series(paths, range(6), evidence=nearness(np.zeros(6)))
    assert [series.rows.tolist() for series in found] == [list(range(6))]
