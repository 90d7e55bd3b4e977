"""Folder in which a store keeps its pictures."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from discern.atomic import UNFINISHED


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
            path = os.path.join(self.name, name)  # noqa: PTH118 - a third of the time of `Path`, for each picture
            if not os.path.exists(path):  # noqa: PTH110
                _write(path, picture)

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


def _write(path: str, picture: bytes) -> None:
    """Write a file atomically, with a third of the system calls of `atomic_write`."""
    folder, name = os.path.split(path)
    temporary = f"{folder}/.{name[:8]}.{os.urandom(4).hex()}{UNFINISHED}"
    try:
        descriptor = _create(temporary)
    except FileNotFoundError:
        _private_folder(Path(folder))
        descriptor = _create(temporary)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - of a descriptor
            file.write(picture)
        os.replace(temporary, path)  # noqa: PTH105 - as above
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108
        raise


def _create(path: str) -> int:
    return os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o600)


def _private_folder(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.parent.chmod(0o700)  # `mkdir` gives the mode to the last folder only
