"""For tests, here and elsewhere: what every source of pictures must hold to."""

import pickle
from collections.abc import Mapping
from pathlib import Path

from discern.catalog.formats.source import Item, Source
from discern.errors import PictureError

_FILES = {"10.png": b"ten", "9.png": b"nine", "q/not a picture": b"", "größe.png": b"\0\xff"}


class SourceContract:
    """What every source holds to; a test class inherits it and says by `source` how one is made."""

    def source(self, folder: Path, files: Mapping[str, bytes]) -> Source:
        """Make the source under test of some files, by name, anywhere below `folder`."""
        raise NotImplementedError

    def test_gives_every_file_once(self, tmp_path: Path) -> None:
        """Each file is an item with its bytes, whatever is in it; an empty one may be refused instead."""
        files = {name: data for name, data in _FILES.items() if data}
        items = list(self.source(tmp_path, files).items())
        assert sorted(item.load() for item in items) == sorted(files.values())
        assert len({item.path for item in items}) == len(files)

    def test_may_be_asked_again(self, tmp_path: Path) -> None:
        """Items come in the same order each time."""
        source = self.source(tmp_path, _FILES)
        assert [item.path for item in source.items()] == [item.path for item in source.items()]

    def test_paths_are_relative_text(self, tmp_path: Path) -> None:
        """Paths begin at the root, have "/" between folders, and can be written as UTF-8."""
        source = self.source(tmp_path, _FILES)
        paths = [item.path for item in source.items()]
        assert source.root.is_dir()
        assert all(path.encode() and "\\" not in path and not Path(path).is_absolute() for path in paths)
        assert all(item.path.startswith(f"{item.archive}!/") for item in source.items() if item.archive)

    def test_total_is_right_or_unknown(self, tmp_path: Path) -> None:
        """A total that is known beforehand is how many items come."""
        source = self.source(tmp_path, _FILES)
        assert source.total in (None, len(list(source.items())))

    def test_items_may_be_sent_to_another_process(self, tmp_path: Path) -> None:
        """An item that was pickled is the same, and gives the same bytes or the same error."""
        for item in self.source(tmp_path, _FILES).items():
            sent = pickle.loads(pickle.dumps(item))  # noqa: S301 - it was here all the time
            assert sent[:1] + sent[2:] == item[:1] + item[2:]
            assert _outcome(sent) == _outcome(item)

    def test_nothing_is_changed(self, tmp_path: Path) -> None:
        """Sources are opened read-only."""
        source = self.source(tmp_path, _FILES)
        before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
        assert list(source.items())
        assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def _outcome(item: Item) -> object:
    try:
        return item.load()
    except PictureError as error:
        return type(error), str(error)
