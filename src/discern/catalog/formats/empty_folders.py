"""Search for folders without any file."""

from collections.abc import Iterable

from discern.catalog.path_text import natural_key


def find_empty_folders(folders: Iterable[str], used: Iterable[str]) -> list[str]:
    """Return the folders that have no file below them, in natural order.

    A folder inside an empty folder is not named again.

    Args:
        folders: paths of all folders.
        used: paths of the folders that contain a file.

    >>> find_empty_folders(["a", "a/b", "c", "c/d", "e", "e/f"], ["a/b", "e"])
    ['c', 'e/f']
    """
    with_files = set[str]()
    for folder in used:
        while folder and folder not in with_files:
            with_files.add(folder)
            folder = folder.rpartition("/")[0]  # noqa: PLW2901 - the parent
    empty = set(folders) - with_files - {""}
    return sorted((folder for folder in empty if folder.rpartition("/")[0] not in empty), key=natural_key)
