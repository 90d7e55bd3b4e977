"""Small set of drawn pictures: three shapes that any backbone distinguishes, of any colour and position."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SIDE = 120
SHAPES = ("disc", "square", "stripes")


def draw(shape: str, random: np.random.Generator) -> Image.Image:
    """Draw a picture of a shape with random colours, position and noise."""
    ground, ink = (tuple(int(value) for value in random.integers(0, 256, 3)) for _ in range(2))
    picture = Image.new("RGB", (SIDE, SIDE), ground)
    pen = ImageDraw.Draw(picture)
    left, top = (int(value) for value in random.integers(5, 50, 2))
    side = int(random.integers(30, 60))
    if shape == "disc":
        pen.ellipse((left, top, left + side, top + side), fill=ink)
    elif shape == "square":
        pen.rectangle((left, top, left + side, top + side), fill=ink)
    else:
        for offset in range(0, SIDE, int(random.integers(12, 24))):
            pen.line((offset, 0, offset + side, SIDE), fill=ink, width=4)
    noise = random.normal(0, 12, (SIDE, SIDE, 3))
    return Image.fromarray(np.uint8(np.clip(np.asarray(picture) + noise, 0, 255)))


def write_shapes(folder: Path, *, each: int = 14, seed: int = 0) -> Path:
    """Write class folders with `each` pictures per shape."""
    random = np.random.default_rng(seed)
    for shape in SHAPES:
        (folder / shape).mkdir(parents=True)
        for number in range(each):
            draw(shape, random).save(folder / shape / f"{random.integers(1 << 30):09d}-{number}.png")
    return folder


def write_negatives(folder: Path, *, count: int = 12, seed: int = 1) -> Path:
    """Write a flat folder of coloured noise and gradients, none of the shapes."""
    random = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    for number in range(count):
        coarse = Image.fromarray(random.integers(0, 256, (6, 6, 3), np.uint8))
        coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(folder / f"{number}.png")
    return folder
