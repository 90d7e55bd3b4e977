"""Photographs of a folder."""

from pathlib import Path

_SUFFIXES = {".jpg", ".jpeg", ".png"}


def list_photographs(folder: Path) -> list[Path]:
    """Return the JPEG and PNG files of a folder and those below it, sorted by path."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
