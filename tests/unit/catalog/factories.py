"""Small pictures and archives of them, made on the spot."""

import io
import pickle
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image


def picture(number: int, *, size: tuple[int, int] = (12, 9), form: str = "PNG") -> bytes:
    """A picture in one colour that no other number has."""
    file = io.BytesIO()
    Image.new("RGB", size, (number % 256, number // 256 % 256, 77)).save(file, form)
    return file.getvalue()


def write_files(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def write_zip(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def write_tar(path: Path, files: Mapping[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def write_archive(path: Path, files: Mapping[str, bytes]) -> Path:
    return write_zip(path, files) if path.suffix == ".zip" else write_tar(path, files)


def batch(planes: np.ndarray, labels: Sequence[object], *, key: bytes = b"labels", more: Mapping = {}) -> bytes:
    """A batch as CIFAR's are pickled."""
    return pickle.dumps({b"data": planes, key: list(labels), **more}, 2)
