"""Properties of file names: lossless conversion to text, natural order, and labels from folders."""

import os

from hypothesis import given
from hypothesis import strategies as st

from discern.catalog.labels.folders import read_folders, split_folders
from discern.catalog.path_text import natural_key, order_labels, to_name, to_text

names = st.binary(min_size=1, max_size=30).map(os.fsdecode) | st.text(
    st.characters(exclude_categories=["Cs"]) | st.characters(min_codepoint=0x10FF00), min_size=1, max_size=20
)
folders = st.sampled_from(["train", "Training", "val", "test", "cat", "dog", "10", "9"])
paths = st.lists(folders, max_size=3).map(lambda parts: "/".join([*parts, "x.png"]))


@given(names)
def test_names_survive_conversion_to_text(name):
    text = to_text(name)
    assert text.encode("utf-8").decode("utf-8") == text
    assert os.fsencode(to_name(text)) == os.fsencode(name)


@given(names, names)
def test_different_names_are_different_texts(one, other):
    assert (to_text(one) == to_text(other)) == (os.fsencode(one) == os.fsencode(other))


@given(st.lists(st.text("ab019.-", max_size=6)))
def test_natural_order_is_total(texts):
    backwards = texts[::-1]
    assert sorted(backwards, key=natural_key) == sorted(texts, key=natural_key)


@given(st.integers(0, 10**30), st.integers(0, 10**30))
def test_numbers_sort_by_value(one, other):
    assert (natural_key(f"x{one}y") < natural_key(f"x{other}y")) == (one < other)
    if one != other:
        assert order_labels([str(one), str(other)]) == tuple(map(str, sorted([one, other])))


@given(st.lists(paths, max_size=8))
def test_a_label_is_a_folder_of_its_picture(files):
    paths = [split_folders(path, "") for path in files]
    resolved = read_folders(paths, [True] * len(files), single_archive=False).resolved()
    for path, (label, part) in zip(files, resolved, strict=True):
        parents = path.split("/")[:-1]
        assert label is None or label in parents[:2]
        assert part in (None, "train", "validation", "test")
        if part:
            assert label == (parents[1] if len(parents) > 1 else None)
