"""Functions that detect and read CIFAR batches (pickles of many small images).

The pictures get paths such as `data_batch_1!/17.png`.
"""

import re
import struct
import zlib
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from discern.catalog.formats.cifar.pickle_reader import begins_pickle, read_pickle
from discern.catalog.formats.source import Item, unreadable_item
from discern.catalog.path_text import MEMBER
from discern.errors import DamagedPicture, PictureError

# Larger than the limit of a picture: CIFAR-100's batch of 50,000 pictures has 149 MiB.
MAX_BYTES = 512 * 2**20

_BATCH = re.compile(r"(?:.*/)?(?:data_batch(?:_\d+)?|test_batch|train|test)", re.DOTALL)
_SIDE = 32
_REMEDY = "Copy or download the batch again, or leave it out."


def names_batch(path: str) -> bool:
    """Return True if a path has the file name of a CIFAR batch."""
    return _BATCH.fullmatch(path) is not None


def is_batch(path: Path) -> bool:
    """Return True if a file's name and first bytes are those of a CIFAR batch."""
    try:
        if not names_batch(path.name) or not path.is_file():
            return False
        with path.open("rb") as file:
            return begins_pickle(file.read(2))
    except OSError:
        return False


def read_batch(path: str, data: bytes, *, archive: str, only: Collection[str] | None = None) -> Iterator[Item]:
    """Yield the images of a CIFAR batch, encoded as PNG files.

    Their label is the class index, and their part is "train" or "test".

    Args:
        path: the batch's path in the catalog.
        data: its bytes.
        archive: path of the archive that contains the batch, or `path` itself for a batch in a folder.
        only: catalog paths of the pictures to yield; None for all.
    """
    try:
        pixels, labels = _checked(read_pickle(data))
    except PictureError as error:
        yield unreadable_item(path, error, archive=archive if archive != path else "")
        return
    part = "test" if path.rpartition("/")[2].startswith("test") else "train"
    for row, label in enumerate(labels):
        name = f"{path}{MEMBER}{row}.png"
        if only is None or name in only:
            load = partial(_png, pixels[row])
            yield Item(path=name, load=load, archive=archive, in_memory=pixels[row].nbytes, label=str(label), part=part)


def _checked(batch: dict[str, Any]) -> tuple[np.ndarray, Sequence[int]]:
    pixels = batch.get("data")
    labels = batch.get("fine_labels", batch.get("labels"))
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.shape[1:] != (3 * _SIDE * _SIDE,):
        found = f"{pixels.dtype} {list(pixels.shape)}" if isinstance(pixels, np.ndarray) else "none"
        raise DamagedPicture(f"The pixels of the batch must be uint8 [N, 3072], but are {found}.", hint=_REMEDY)
    labels = labels.tolist() if isinstance(labels, np.ndarray) else labels
    if not isinstance(labels, list) or not all(isinstance(label, int) for label in labels):
        raise DamagedPicture("The batch has no list of integer labels.", hint=_REMEDY)
    if len(labels) != len(pixels):
        raise DamagedPicture(f"The batch has {len(pixels)} pictures, but {len(labels)} labels.", hint=_REMEDY)
    return pixels, labels


def _png(planes: np.ndarray) -> bytes:
    """Encode the pixels of one CIFAR image as an uncompressed PNG file.

    Catalogs store the hash of these bytes, so they must never depend on a library's version.
    """
    rows = np.zeros((_SIDE, 1 + 3 * _SIDE), np.uint8)  # the first byte of each row is its filter: 0, none
    rows[:, 1:] = planes.reshape(3, _SIDE, _SIDE).transpose(1, 2, 0).reshape(_SIDE, -1)
    raw = rows.tobytes()
    stored = (
        b"\x78\x01\x01" + struct.pack("<HH", len(raw), len(raw) ^ 0xFFFF) + raw + struct.pack(">L", zlib.adler32(raw))
    )
    header = struct.pack(">LLBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", stored) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))
