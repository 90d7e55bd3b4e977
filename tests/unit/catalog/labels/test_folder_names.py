import pytest

from discern.catalog.labels.folder_names import folded, part_in_words, type_of_names


@pytest.mark.parametrize(
    ("part", "names"),
    [
        ("train", ["train", "seg_train", "train_images", "images_train", "Training Data", "1-train", "TrainSet"]),
        ("train", ["trainset", "train2017", "TRAINING", "traindata", "dataset.train", "my training set"]),
        ("test", ["seg_test", "Testing Data", "2-test", "TestImages", "testset"]),
        ("validation", ["seg_val", "Valid", "validation_set", "images-dev", "val2017"]),
        (
            None,
            ["seg_pred", "strain", "contest", "trainer", "interval", "latest", "A", "", "1", "restrain", "evaluate"],
        ),
    ],
)
def test_parts_are_found_as_words_of_a_name(part, names):
    assert {name: part_in_words(name) for name in names} == dict.fromkeys(names, part)


@pytest.mark.parametrize(
    ("expected", "names"),
    [
        ("source", ["session 1", "session2"]),
        ("source", ["camera_a", "camera_b"]),
        ("source", ["2024-01-03", "2024-01-04"]),
        ("source", ["20240103", "20240104"]),
        ("source", ["raw", "augmented"]),
        ("source", ["batch1"]),
        ("view", ["left", "right"]),
        ("view", ["Top-Down", "side view"]),
        ("view", ["day", "night"]),
        ("series", ["Garden 1", "Garden 2"]),
        ("number", ["1", "02", "00042"]),
        ("number", ["A", "B"]),
        ("number", ["s1", "s2"]),
        ("class", ["cat", "dog"]),
        ("class", ["cat", "session 1"]),
        ("class", ["n01440764", "n02102040"]),
        ("class", ["class 1", "class 2"]),
        ("class", ["ok", "defect"]),
        ("class", ["猫", "犬"]),
        ("class", ["", "x"]),
    ],
)
def test_types_of_names(expected, names):
    assert type_of_names(names) == expected


def test_names_are_compared_without_case_and_punctuation():
    assert len({folded(name) for name in ("Red Apple", "red_apple", "red-apple ", "RedApple")}) == 1
    assert folded("red") != folded("reds")
