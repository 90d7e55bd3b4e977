"""Factories of small pictures, archives and CIFAR batches."""

import base64
import io
import json
import pickle
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image


def picture(number: int, *, size: tuple[int, int] = (12, 9), file_format: str = "PNG") -> bytes:
    """Return a picture in one colour; each number has its own."""
    file = io.BytesIO()
    Image.new("RGB", size, (number % 256, number // 256 % 256, 77)).save(file, file_format)
    return file.getvalue()


def write_files(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write files below a folder and return the folder."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def write_zip(path: Path, files: Mapping[str, bytes]) -> Path:
    """Write a zip archive and return its path."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def write_tar(path: Path, files: Mapping[str, bytes]) -> Path:
    """Write a tar archive, compressed if its suffix says so, and return its path."""
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def write_archive(path: Path, files: Mapping[str, bytes]) -> Path:
    """Write a zip or tar archive, by its suffix, and return its path."""
    return write_zip(path, files) if path.suffix == ".zip" else write_tar(path, files)


def cifar_batch(planes: np.ndarray, labels: Sequence[object], *, key: bytes = b"labels", more: Mapping = {}) -> bytes:
    """Pickle a batch in the format of CIFAR."""
    return pickle.dumps({b"data": planes, key: list(labels), **more}, 2)


def captured(
    data: object,
    *,
    event: str = "",
    content_type: str = "image/png",
    encoding: str = "BASE64",
    output: object = None,
    time: object = "2026-11-29T10:00:00Z",
) -> bytes:
    """A line of captured requests; bytes are written in base64, and other data as they are."""
    sent = base64.b64encode(data).decode() if isinstance(data, bytes) else data
    answer = {
        "observedContentType": "application/json",
        "mode": "OUTPUT",
        "data": json.dumps(output),
        "encoding": "JSON",
    }
    record = {
        "captureData": {
            "endpointInput": {"observedContentType": content_type, "mode": "INPUT", "data": sent, "encoding": encoding},
            "endpointOutput": answer,
        },
        "eventMetadata": {"eventId": event, "inferenceTime": time},
        "eventVersion": "0",
    }
    return json.dumps(record).encode() + b"\n"
