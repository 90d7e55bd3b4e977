"""Reusable contract tests for image sources."""

import pickle
from collections.abc import Mapping
from pathlib import Path

from discern.catalog.formats.source import Item, Source
from discern.catalog.left_out import REASONS, LeftOut
from discern.errors import PictureError

_FILES = {"10.png": b"ten", "9.png": b"nine", "q/not a picture": b"", "größe.png": b"\0\xff"}


class SourceContract:
    """Base class of contract tests for image sources.

    A test class inherits them and implements `source`.
    """

    def source(self, folder: Path, files: Mapping[str, bytes]) -> Source:
        """Create the image source under test from the given files."""
        raise NotImplementedError

    def test_yields_every_file_once(self, tmp_path: Path) -> None:
        """Check that each file is yielded once with its bytes."""
        files = {name: data for name, data in _FILES.items() if data}
        items = list(self.source(tmp_path, files).items())
        assert sorted(item.load() for item in items) == sorted(files.values())
        assert len({item.path for item in items}) == len(files)

    def test_can_be_iterated_again(self, tmp_path: Path) -> None:
        """Check that each iteration yields the items in the same order."""
        source = self.source(tmp_path, _FILES)
        assert [item.path for item in source.items()] == [item.path for item in source.items()]

    def test_left_out_files_are_not_items(self, tmp_path: Path) -> None:
        """Check that each file is an item or left out for a reason, in each iteration."""
        source = self.source(tmp_path, _FILES)
        paths, left_out, empty_folders = _account(source)
        assert _account(source) == (paths, left_out, empty_folders)
        assert not paths & {each.path for each in left_out}
        assert all(each.reason in REASONS and each.path.encode() for each in left_out)
        assert not any(path.startswith(f"{folder}/") for folder in empty_folders for path in paths)

    def test_paths_are_relative_text(self, tmp_path: Path) -> None:
        """Check that paths are relative, use "/" and can be encoded as UTF-8."""
        source = self.source(tmp_path, _FILES)
        paths = [item.path for item in source.items()]
        assert source.root.is_dir()
        assert all(path.encode() and "\\" not in path and not Path(path).is_absolute() for path in paths)
        assert all(item.path.startswith(f"{item.archive}!/") for item in source.items() if item.archive)

    def test_total_is_right_or_unknown(self, tmp_path: Path) -> None:
        """Check that a source's total, if known, is its number of items."""
        source = self.source(tmp_path, _FILES)
        assert source.total in (None, len(list(source.items())))

    def test_items_can_be_pickled(self, tmp_path: Path) -> None:
        """Check that a pickled item loads the same bytes or raises the same error."""
        for item in self.source(tmp_path, _FILES).items():
            sent = pickle.loads(pickle.dumps(item))  # noqa: S301 - pickled just before
            assert sent[:1] + sent[2:] == item[:1] + item[2:]
            assert _outcome(sent) == _outcome(item)

    def test_files_are_not_changed(self, tmp_path: Path) -> None:
        """Check that iterating over a source does not change its files."""
        source = self.source(tmp_path, _FILES)
        before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
        assert list(source.items())
        assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def _account(source: Source) -> tuple[set[str], list[LeftOut], list[str]]:
    paths = {item.path for item in source.items()}
    return paths, list(source.left_out), list(source.empty_folders)


def _outcome(item: Item) -> object:
    try:
        return item.load()
    except PictureError as error:
        return type(error), str(error)
