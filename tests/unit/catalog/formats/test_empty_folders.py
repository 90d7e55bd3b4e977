from discern.catalog.formats.empty_folders import find_empty_folders


def test_only_the_outermost_empty_folder_is_named():
    assert find_empty_folders(["", "a", "a/b", "c", "c/d", "c/d/e"], ["a/b"]) == ["c"]


def test_without_folders_nothing_is_empty():
    assert find_empty_folders([""], []) == []
