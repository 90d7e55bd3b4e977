from discern.catalog.labels.folders import folder_place, labels_and_parts


def said(*paths: str, junk: tuple[str, ...] = (), whole: bool = False) -> list[tuple[str | None, str | None]]:
    """Labels and parts of files; "!/" ends the archive's part of a path; `junk` are files that are no pictures."""
    everything = [*paths, *junk]
    places = [folder_place(path, path.partition("!/")[0] if "!/" in path else "") for path in everything]
    return labels_and_parts(places, [path not in junk for path in everything], whole=whole)


def test_class_folders():
    assert said("cat/1.jpg", "dog/deep/er/2.jpg") == [("cat", None), ("dog", None)]


def test_a_flat_folder_has_no_labels():
    assert said("1.jpg", "2.jpg") == [(None, None), (None, None)]


def test_stray_pictures_beside_class_folders_have_no_label():
    assert said("cat/1.jpg", "2.jpg") == [("cat", None), (None, None)]


def test_parts_in_mixed_spellings():
    assert said("Training/cat/1.jpg", "valid/cat/sub/2.jpg", "Test/dog/3.jpg") == [
        ("cat", "train"),
        ("cat", "validation"),
        ("dog", "test"),
    ]


def test_two_folders_may_be_the_same_part():
    assert said("train/cat/1.jpg", "Training/dog/2.jpg") == [("cat", "train"), ("dog", "train")]


def test_parts_without_classes():
    assert said("train/1.jpg", "test/2.jpg") == [(None, "train"), (None, "test")]


def test_a_single_part():
    assert said("train/cat/1.jpg", "train/dog/2.jpg") == [("cat", "train"), ("dog", "train")]


def test_a_class_may_be_called_train():
    assert said("train/1.jpg", "bus/2.jpg", "car/3.jpg") == [("train", None), ("bus", None), ("car", None)]


def test_folders_beside_real_parts_have_neither_label_nor_part():
    assert said("Training/a/1.jpg", "Test/a/2.jpg", "papers/x/3.jpg") == [("a", "train"), ("a", "test"), (None, None)]


def test_folders_without_pictures_do_not_decide():
    assert said("train/cat/1.jpg", junk=("docs/readme.txt",)) == [("cat", "train"), (None, None)]


def test_part_names_further_down_are_nothing_special():
    assert said("set/train/cat/1.jpg", "set/test/cat/2.jpg") == [("set", None), ("set", None)]
    assert said("train/test/1.jpg", "train/train/2.jpg") == [("test", "train"), ("train", "train")]


def test_an_archive_counts_as_its_folders():
    assert said("a.zip!/cat/1.jpg", "a.zip!/dog/2.jpg", whole=True) == [("cat", None), ("dog", None)]
    assert said("cat/more.zip!/x/1.jpg", "dog/2.jpg") == [("cat", None), ("dog", None)]


def test_the_outermost_folder_of_an_archive_is_its_wrapper():
    assert said("a.zip!/set/cat/1.jpg", "a.zip!/set/dog/2.jpg", whole=True) == [("cat", None), ("dog", None)]
    assert said("a.zip!/set/train/cat/1.jpg", "a.zip!/set/test/cat/2.jpg", whole=True) == [
        ("cat", "train"),
        ("cat", "test"),
    ]


def test_a_folder_with_pictures_in_it_is_no_wrapper():
    assert said("a.zip!/cat/1.jpg", "a.zip!/cat/sub/2.jpg", whole=True) == [("cat", None), ("cat", None)]


def test_a_flat_archive_has_no_labels():
    assert said("a.zip!/1.jpg", whole=True) == [(None, None)]


def test_archives_named_for_classes_or_parts():
    assert said("cat.zip!/1.jpg", "dog.tar.gz!/2.jpg") == [("cat", None), ("dog", None)]
    assert said("train.zip!/cat/1.jpg", "test.tgz!/test/cat/2.jpg", "test.tgz!/test/dog/3.jpg") == [
        ("cat", "train"),
        ("cat", "test"),
        ("dog", "test"),
    ]


def test_no_files_at_all():
    assert said() == []
