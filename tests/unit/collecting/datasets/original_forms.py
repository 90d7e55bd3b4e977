"""Small data sets in the form in which they are published."""

import io
import json
import pickle
import tarfile
import zipfile
from pathlib import Path

import numpy as np

from tests.unit.catalog.factories import cifar_batch
from tests.unit.collecting.downloads.web_server import jpeg

CLASSES = ("apple", "bicycle", "motorcycle")


def cifar100_archive(each: int = 3) -> bytes:
    """An archive like cifar-100-python.tar.gz, with `each` pictures of each class in train and one in test."""
    random = np.random.default_rng(0)
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        contents = {"meta": pickle.dumps({b"fine_label_names": [name.encode() for name in CLASSES]}, 2)}
        for part, count in (("train", each), ("test", 1)):
            labels = [label for label in range(len(CLASSES)) for _ in range(count)]
            pixels = random.integers(0, 256, (len(labels), 3072), np.uint8)
            contents[part] = cifar_batch(pixels, labels, key=b"fine_labels")
        for name, data in contents.items():
            info = tarfile.TarInfo(f"cifar-100-python/{name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def fruits360_archive() -> bytes:
    """An archive like GitHub's of Fruits-360, with other pictures beside those of classes."""
    names = [
        f"{part}/{label}/{at}_100.jpg" for part in ("Training", "Test") for label in ("Banana", "Kiwi") for at in (1, 2)
    ]
    names += ["papers/figure.jpg", "test-multiple_fruits/apples.jpg", "readme.md"]
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number, name in enumerate(names):
            archive.writestr(f"Fruit-Images-Dataset-master/{name}", jpeg(number))
    return file.getvalue()


def nursing_home_archive() -> bytes:
    """An archive like MYNursingHome's: one folder for each class."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(6):
            archive.writestr(f"MYNursingHome/{('bed', 'chair')[number % 2]}/{number}.JPG", jpeg(number))
    return file.getvalue()


def bin_files(count: int = 8) -> dict[str, bytes]:
    """Pictures and metadata of bins, by their keys in the bucket; quantities from 1 to 4."""
    files = {}
    for number in range(count):
        files[f"bin-images/{number:05d}.jpg"] = jpeg(number)
        files[f"metadata/{number:05d}.json"] = json.dumps({"EXPECTED_QUANTITY": number % 4 + 1}).encode()
    return files


def file_list(count: int = 8) -> str:
    """A list of bins by their quantity."""
    listed: dict[str, list[str]] = {}
    for number in range(count):
        listed.setdefault(str(number % 4 + 1), []).append(f"data/metadata/{number:05d}.json")
    return json.dumps(listed)


def write_bins(folder: Path) -> Path:
    for name, data in bin_files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder
