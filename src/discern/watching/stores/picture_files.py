"""Folder in which a store keeps its pictures."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from discern.atomic import atomic_write


class PictureFiles:
    """Folder with pictures, which only its user can read.

    Args:
        folder: the folder; it is created with the first picture.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = str(folder)

    def write(self, pictures: Iterable[tuple[str, bytes]]) -> None:
        """Write pictures, each complete or not at all; one that is there stays.

        Raises:
            OSError: a picture cannot be written.
        """
        for name, picture in pictures:
            path = self.folder / name
            if not path.exists():
                _private_folder(path.parent)
                with atomic_write(path, private=True) as temporary:
                    temporary.write_bytes(picture)

    def read(self, name: str) -> bytes | None:
        """Return a picture, or None if it is not there."""
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def remove(self, names: Iterable[str]) -> None:
        """Remove pictures, and the folders that have none left."""
        for name in names:
            path = self.folder / name
            path.unlink(missing_ok=True)
            with suppress(OSError):  # another picture is in it
                path.parent.rmdir()


def _private_folder(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.parent.chmod(0o700)  # `mkdir` gives the mode to the last folder only
