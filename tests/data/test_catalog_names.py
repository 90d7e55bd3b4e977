"""Any name that a file system may hold becomes text and comes back, and sorts the same everywhere."""

import os

from hypothesis import given
from hypothesis import strategies as st

from discern.catalog.labels.folders import folder_place, labels_and_parts
from discern.catalog.path_text import natural_key, order_labels, to_name, to_text

names = st.binary(min_size=1, max_size=30).map(os.fsdecode) | st.text(
    st.characters(exclude_categories=["Cs"]) | st.characters(min_codepoint=0x10FF00), min_size=1, max_size=20
)
folders = st.sampled_from(["train", "Training", "val", "test", "cat", "dog", "10", "9"])
paths = st.lists(folders, max_size=3).map(lambda parts: "/".join([*parts, "x.png"]))


@given(names)
def test_a_name_becomes_text_and_comes_back(name):
    text = to_text(name)
    assert text.encode("utf-8").decode("utf-8") == text
    assert os.fsencode(to_name(text)) == os.fsencode(name)


@given(names, names)
def test_two_names_are_two_texts(one, other):
    assert (to_text(one) == to_text(other)) == (os.fsencode(one) == os.fsencode(other))


@given(st.lists(st.text("ab019.-", max_size=6)))
def test_natural_order_is_one_order(texts):
    backwards = texts[::-1]
    assert sorted(backwards, key=natural_key) == sorted(texts, key=natural_key)


@given(st.integers(0, 10**30), st.integers(0, 10**30))
def test_numbers_sort_by_value(one, other):
    assert (natural_key(f"x{one}y") < natural_key(f"x{other}y")) == (one < other)
    if one != other:
        assert order_labels([str(one), str(other)]) == tuple(map(str, sorted([one, other])))


@given(st.lists(paths, max_size=8))
def test_a_label_is_a_folder_of_its_picture(files):
    places = [folder_place(path, "") for path in files]
    for path, (label, part) in zip(files, labels_and_parts(places, [True] * len(files), whole=False), strict=True):
        folders_of_it = path.split("/")[:-1]
        assert label is None or label in folders_of_it[:2]
        assert part in (None, "train", "validation", "test")
        if part:
            assert label == (folders_of_it[1] if len(folders_of_it) > 1 else None)
