"""Pictures of the stored files, drawn byte for byte on every machine.

They are drawn from integers of a hash and saved uncompressed, so no library version changes a byte, and the content
hashes equal those in the stored catalog and cache. Never change these pictures; draw others for a new format.
"""

import shutil
from hashlib import shake_256
from pathlib import Path

import numpy as np
from PIL import Image

FIXTURE_FOLDER = Path("/tmp/discern-fixture")
"""Folder in which the stored runs were made, and to which their paths refer."""

COLOURS = {"blue": (40, 60, 200), "green": (40, 190, 70), "red": (200, 50, 40)}
PICTURES_PER_CLASS = 6
NEGATIVES = 4
SIDE = 40
SPREAD = 30

ISSUES = {"blue/broken.bmp": "unreadable", "green/mistaken.bmp": "likely_wrong_label", "red/twice.bmp": "exact_copy"}


def write_photos(folder: Path) -> Path:
    """Write a folder per colour, with three issues: an unreadable file, a wrong label and a copy."""
    for colour in COLOURS:
        for number in range(PICTURES_PER_CLASS):
            _write(folder / colour / f"{number}.bmp", draw(colour, number))
    (folder / "blue/broken.bmp").write_bytes(b"no picture")
    _write(folder / "green/mistaken.bmp", _blend(draw("red", PICTURES_PER_CLASS), draw("green", 100), share=60))
    shutil.copyfile(folder / "red/0.bmp", folder / "red/twice.bmp")
    return folder


def write_negatives(folder: Path) -> Path:
    """Write black and white stripes, which are of none of the classes."""
    for number in range(NEGATIVES):
        _write(folder / f"{number}.bmp", _stripes(number))
    return folder


def write_new_pictures(folder: Path) -> list[Path]:
    """Write pictures outside the training data: one per colour, a blend of two, and stripes."""
    for colour in COLOURS:
        _write(folder / f"{colour}.bmp", draw(colour, 100))
    _write(folder / "between.bmp", _blend(draw("blue", 100), draw("green", 100), share=50))
    _write(folder / "stripes.bmp", _stripes(100))
    return sorted(folder.iterdir())


def write_names(path: Path) -> Path:
    path.write_bytes(b"label,name,spoken,route\nred,Red one,a red one,left\nblue,Blue one,,right\n")
    return path


def draw(colour: str, number: int) -> np.ndarray:
    """Draw a tint with noise and blotches, distinct for each number, uint8 `[SIDE, SIDE, 3]`."""
    name = f"{colour} {number}"
    tint = np.array(COLOURS[colour]) + SPREAD * _gaussian_integers(f"{name} tint", (3,)) // 100
    noise = 30 * _gaussian_integers(f"{name} noise", (SIDE, SIDE, 3)) // 100
    blotches = 40 * _gaussian_integers(f"{name} blotches", (5, 5, 1)) // 100
    pixels = tint + noise + blotches.repeat(SIDE // 5, axis=0).repeat(SIDE // 5, axis=1)
    return pixels.clip(0, 255).astype(np.uint8)


def _blend(first: np.ndarray, second: np.ndarray, *, share: int) -> np.ndarray:
    """Blend two pictures with `share` percent of the first."""
    return ((share * first.astype(np.int64) + (100 - share) * second) // 100).astype(np.uint8)


def _stripes(number: int) -> np.ndarray:
    width = 2 + number % 7
    bright = np.where(np.arange(SIDE) // width % 2, 255, 0)[:, None, None]
    pixels = bright + 20 * _gaussian_integers(f"stripes {number}", (SIDE, SIDE, 3)) // 100
    return pixels.clip(0, 255).astype(np.uint8)


def _gaussian_integers(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return integers with mean 0 and a standard deviation of about 100."""
    count = int(np.prod(shape))
    integers = np.frombuffer(shake_256(name.encode()).digest(4 * count), np.uint8).reshape(*shape, 4)
    return (integers.astype(np.int64).sum(axis=-1) - 510) * 100 // 148


def _write(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, "BMP")
