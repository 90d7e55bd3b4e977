import pytest

from discern.catalog.labels.folders import read_folders, split_folders
from discern.errors import UsageError


def resolve(
    *paths: str,
    junk: tuple[str, ...] = (),
    single_archive: bool = False,
    parts_of: dict[str, str] | None = None,
) -> list[tuple[str | None, str | None]]:
    """Resolve labels and parts of files; "!/" ends an archive's path, and `junk` are unreadable files."""
    files = [*paths, *junk]
    folders = [split_folders(path, path.partition("!/")[0] if "!/" in path else "") for path in files]
    readable = [path not in junk for path in files]
    return read_folders(folders, readable, single_archive=single_archive, parts_of=parts_of).resolved()


def test_class_folders():
    assert resolve("cat/1.jpg", "dog/deep/er/2.jpg") == [("cat", None), ("dog", None)]


def test_a_flat_folder_has_no_labels():
    assert resolve("1.jpg", "2.jpg") == [(None, None), (None, None)]


def test_stray_pictures_next_to_class_folders_have_no_label():
    assert resolve("cat/1.jpg", "2.jpg") == [("cat", None), (None, None)]


def test_parts_in_different_spellings():
    assert resolve("Training/cat/1.jpg", "valid/cat/sub/2.jpg", "Test/dog/3.jpg") == [
        ("cat", "train"),
        ("cat", "validation"),
        ("dog", "test"),
    ]


def test_two_folders_may_be_the_same_part():
    assert resolve("train/cat/1.jpg", "Training/dog/2.jpg") == [("cat", "train"), ("dog", "train")]


def test_parts_without_classes():
    assert resolve("train/1.jpg", "test/2.jpg") == [(None, "train"), (None, "test")]


def test_a_single_part():
    assert resolve("train/cat/1.jpg", "train/dog/2.jpg") == [("cat", "train"), ("dog", "train")]


def test_a_class_may_be_called_train():
    assert resolve("train/1.jpg", "bus/2.jpg", "car/3.jpg") == [("train", None), ("bus", None), ("car", None)]


def test_folders_next_to_parts_have_neither_label_nor_part():
    assert resolve("Training/a/1.jpg", "Test/a/2.jpg", "papers/x/3.jpg") == [
        ("a", "train"),
        ("a", "test"),
        (None, None),
    ]


def test_folders_without_pictures_are_ignored():
    assert resolve("train/cat/1.jpg", junk=("docs/readme.txt",)) == [("cat", "train"), (None, None)]


def test_part_names_below_the_top_level_have_no_meaning():
    assert resolve("set/train/cat/1.jpg", "set/test/cat/2.jpg") == [("set", None), ("set", None)]
    assert resolve("train/test/1.jpg", "train/train/2.jpg") == [("test", "train"), ("train", "train")]


def test_an_archive_counts_as_its_folders():
    assert resolve("a.zip!/cat/1.jpg", "a.zip!/dog/2.jpg", single_archive=True) == [("cat", None), ("dog", None)]
    assert resolve("cat/more.zip!/x/1.jpg", "dog/2.jpg") == [("cat", None), ("dog", None)]


def test_a_single_outermost_folder_of_an_archive_is_skipped():
    assert resolve("a.zip!/set/cat/1.jpg", "a.zip!/set/dog/2.jpg", single_archive=True) == [
        ("cat", None),
        ("dog", None),
    ]
    assert resolve("a.zip!/set/train/cat/1.jpg", "a.zip!/set/test/cat/2.jpg", single_archive=True) == [
        ("cat", "train"),
        ("cat", "test"),
    ]


def test_an_outermost_folder_with_pictures_is_a_class():
    assert resolve("a.zip!/cat/1.jpg", "a.zip!/cat/sub/2.jpg", single_archive=True) == [("cat", None), ("cat", None)]


def test_a_flat_archive_has_no_labels():
    assert resolve("a.zip!/1.jpg", single_archive=True) == [(None, None)]


def test_archives_named_for_classes_or_parts():
    assert resolve("cat.zip!/1.jpg", "dog.tar.gz!/2.jpg") == [("cat", None), ("dog", None)]
    assert resolve("train.zip!/cat/1.jpg", "test.tgz!/test/cat/2.jpg", "test.tgz!/test/dog/3.jpg") == [
        ("cat", "train"),
        ("cat", "test"),
        ("dog", "test"),
    ]


def test_no_files_at_all():
    assert resolve() == []


def test_labels_are_normalised():
    assert resolve("ring /1.jpg", "ring/2.jpg", "cafe\u0301/3.jpg", "\u200b/4.jpg", "train/5.jpg") == [
        ("ring", None),
        ("ring", None),
        ("café", None),
        (None, None),
        ("train", None),
    ]
    assert resolve("train/ring\u00a0/1.jpg", "test/ring/2.jpg") == [("ring", "train"), ("ring", "test")]
    assert resolve("a.zip!/ ring/1.jpg", "a.zip!/bar/2.jpg", single_archive=True) == [("ring", None), ("bar", None)]


def test_parts_can_be_named():
    paths = "seg_train/cat/1.jpg", "seg_test/dog/2.jpg", "seg_pred/3.jpg", "seg_test/4.jpg", "5.jpg"
    assert resolve(*paths, parts_of={"train": "seg_train/", "test": "./seg_test"}) == [
        ("cat", "train"),
        ("dog", "test"),
        (None, None),
        (None, "test"),
        (None, None),
    ]


def test_named_parts_may_lie_deeper():
    paths = "data/a/x/cat/1.jpg", "data/a/y/dog/2.jpg", "data/z/3.jpg"
    assert resolve(*paths, parts_of={"train": "data/a/x", "validation": "data/a/y"}) == [
        ("cat", "train"),
        ("dog", "validation"),
        (None, None),
    ]


def test_named_parts_may_be_archives_or_in_one():
    paths = "one.zip!/cat/1.jpg", "one.zip!/dog/2.jpg", "two/cat/3.jpg"
    assert resolve(
        "in.zip!/set/A/cat/1.jpg", "in.zip!/set/B/cat/2.jpg", single_archive=True, parts_of={"test": "B"}
    ) == [
        (None, None),
        ("cat", "test"),
    ]
    assert resolve(*paths, parts_of={"test": "two"})[2] == ("cat", "test")


def test_without_parts_all_folders_are_classes():
    assert resolve("train/cat/1.jpg", "test/cat/2.jpg", parts_of={}) == [("train", None), ("test", None)]


def test_a_part_that_does_not_exist_is_an_error_that_names_the_folders():
    with pytest.raises(UsageError, match=r"no folder nope for the part train.*: a, b\.") as raised:
        resolve("b/x/1.jpg", "a/x/2.jpg", parts_of={"train": "nope"})
    assert "--parts-of" in raised.value.hint
    with pytest.raises(UsageError, match="both train and test"):
        resolve("b/x/1.jpg", "a/x/2.jpg", parts_of={"train": "b", "test": "b/"})
