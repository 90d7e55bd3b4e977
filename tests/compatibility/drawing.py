"""The pictures that the kept files were made from, drawn again byte for byte wherever the tests run.

Integers out of a hash, and files without compression: no library's version or machine changes a byte, so their content
hashes are those in the kept catalog and cache. Never change what is drawn here; draw something else for a new format.
"""

import shutil
from hashlib import shake_256
from pathlib import Path

import numpy as np
from PIL import Image

WORKSHOP = Path("/tmp/discern-fixture")
"""Where the kept runs were made, and say that their pictures are."""

COLOURS = {"blue": (40, 60, 200), "green": (40, 190, 70), "red": (200, 50, 40)}
EACH = 6
NEGATIVES = 4
SIDE = 40
SPREAD = 30

FLAWS = {"blue/broken.bmp": "unreadable", "green/mistaken.bmp": "likely_wrong_label", "red/twice.bmp": "exact_copy"}


def write_photos(folder: Path) -> Path:
    """A folder for each colour, and three flaws: a file that is no picture, a wrong label, a copy."""
    for colour in COLOURS:
        for number in range(EACH):
            _write(folder / colour / f"{number}.bmp", draw(colour, number))
    (folder / "blue/broken.bmp").write_bytes(b"no picture")
    _write(folder / "green/mistaken.bmp", _between(draw("red", EACH), draw("green", 100), share=60))
    shutil.copyfile(folder / "red/0.bmp", folder / "red/twice.bmp")
    return folder


def write_negatives(folder: Path) -> Path:
    """Stripes of black and white: pictures of none of the colours."""
    for number in range(NEGATIVES):
        _write(folder / f"{number}.bmp", _stripes(number))
    return folder


def write_others(folder: Path) -> list[Path]:
    """Pictures that no model was trained on: one of each colour, one between two of them, and stripes."""
    for colour in COLOURS:
        _write(folder / f"{colour}.bmp", draw(colour, 100))
    _write(folder / "between.bmp", _between(draw("blue", 100), draw("green", 100), share=50))
    _write(folder / "stripes.bmp", _stripes(100))
    return sorted(folder.iterdir())


def write_names(path: Path) -> Path:
    path.write_bytes(b"label,name,spoken,route\nred,Red one,a red one,left\nblue,Blue one,,right\n")
    return path


def draw(colour: str, number: int) -> np.ndarray:
    """A tint, noise, and blotches that make each picture like no other: uint8 `[SIDE, SIDE, 3]`."""
    name = f"{colour} {number}"
    tint = np.array(COLOURS[colour]) + SPREAD * _bells(f"{name} tint", (3,)) // 100
    noise = 30 * _bells(f"{name} noise", (SIDE, SIDE, 3)) // 100
    blotches = 40 * _bells(f"{name} blotches", (5, 5, 1)) // 100
    pixels = tint + noise + blotches.repeat(SIDE // 5, axis=0).repeat(SIDE // 5, axis=1)
    return pixels.clip(0, 255).astype(np.uint8)


def _between(one: np.ndarray, other: np.ndarray, *, share: int) -> np.ndarray:
    """So many percent of one picture, the rest of the other."""
    return ((share * one.astype(np.int64) + (100 - share) * other) // 100).astype(np.uint8)


def _stripes(number: int) -> np.ndarray:
    width = 2 + number % 7
    bright = np.where(np.arange(SIDE) // width % 2, 255, 0)[:, None, None]
    pixels = bright + 20 * _bells(f"stripes {number}", (SIDE, SIDE, 3)) // 100
    return pixels.clip(0, 255).astype(np.uint8)


def _bells(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Integers about 0 whose standard deviation is near 100."""
    count = int(np.prod(shape))
    drawn = np.frombuffer(shake_256(name.encode()).digest(4 * count), np.uint8).reshape(*shape, 4)
    return (drawn.astype(np.int64).sum(axis=-1) - 510) * 100 // 148


def _write(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, "BMP")
