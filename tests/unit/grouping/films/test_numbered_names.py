import hashlib

import pytest

from discern.grouping.films.numbered_names import folders_of, take_apart


def patterns(*names):
    return [name and (name.pattern, name.numbers) for name in take_apart([f"a/{name}" for name in names])]


def digest(number, length):
    return hashlib.sha256(str(number).encode()).hexdigest()[:length]


@pytest.mark.parametrize(
    ("name", "pattern", "numbers"),
    [
        ("IMG_1234.JPG", "img_#", (1234,)),
        ("IMG_1234 (edited).jpg", "img_#", (1234,)),
        ("IMG_1234-edited.jpg", "img_#", (1234,)),
        ("IMG_E1234.jpg", "img_#", (1234,)),
        ("IMG_1234 - Copy.jpg", "img_#", (1234,)),
        ("IMG_1234 - Copy (2).jpg", "img_#", (1234,)),
        ("bed (12) - Kopie.jpg", "bed (#)", (12,)),
        ("copy 2.jpg", "copy #", (2,)),
        ("v1.2.jpg", "v#.#", (1, 2)),
        ("frame.0012", "frame.#", (12,)),
        ("photo.jpg.3", "photo.jpg.#", (3,)),
        ("bed_12_640x480.jpg", "bed_#", (12,)),
        ("640x480.jpg", "#x#", (640, 480)),
        ("bed00012.jpg", "bed#", (12,)),
        ("٣.jpg", "#", (3,)),
        ("img\uff11\uff12.jpg", "img#", (12,)),
        ("18446744073709551617.jpg", "#", (18446744073709551617,)),
        ("frame_12_jpg.rf.0a1b2c3d4e5f60718293a4b5c6d7e8f9.jpg", "frame_#_jpg.rf.~", (12,)),
        ("7c9e6679-7425-40de-944b-e07fc1f90ae7_12.jpg", "~_#", (12,)),
    ],
)
def test_a_name_is_taken_apart(name, pattern, numbers):
    assert patterns(name) == [(pattern, numbers)]


@pytest.mark.parametrize("name", ["plain.jpg", "0a1b2c3d4e5f6071.jpg", "999999999999999999999.jpg", ""])
def test_a_name_without_usable_numbers_is_none(name):
    assert patterns(name) == [None]


def test_unicode_forms_are_equal():
    assert patterns("Stu\u0308hle 1.jpg") == patterns("St\u00fchle 1.jpg")


def test_a_hash_that_several_names_have_is_kept():
    found = patterns(*(f"{digest(film, 12)}_{number}.jpg" for film in range(2) for number in range(3)))
    assert len({pattern for pattern, _ in found}) == 2


def test_sizes_that_are_the_only_difference_are_kept():
    assert patterns("s_100x000.jpg", "s_100x200.jpg") == [("s_#x#", (100, 0)), ("s_#x#", (100, 200))]


def test_a_counter_that_looks_like_a_time_is_a_number():
    assert {name.time for name in take_apart([f"20240131_{number:06}.jpg" for number in range(50, 70)])} == {None}


@pytest.mark.parametrize(
    ("path", "folders"),
    [
        ("train/bed/1.jpg", ("bed",)),
        ("val2017/bed/1.jpg", ("bed",)),
        ("train.zip!/bed/1.jpg", ("bed",)),
        ("seg_test/bed/1.jpg", ("bed",)),
        ("Training Set/bed/1.jpg", ("bed",)),
        ("train_station/1.jpg", ("train_station",)),
        ("valley/1.jpg", ("valley",)),
        ("devices/1.jpg", ("devices",)),
        ("1.jpg", ()),
    ],
)
def test_folders_of_parts_separate_nothing(path, folders):
    assert folders_of(path) == folders
