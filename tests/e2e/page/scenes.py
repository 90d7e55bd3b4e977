"""Pictures that the page is shown, and films for its camera."""

import base64
import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

# What the small model of colours says of each: sure of red, torn between its two labels, a stranger, sure of dark.
SURE, TORN, STRANGE, DARK = (250, 0, 0), (127, 20, 20), (255, 255, 255), (0, 0, 0)

PLACES = {"left": 0.0, "centre": 0.5, "right": 1.0}


def paint(path: Path, colour: tuple[int, int, int], side: int = 200) -> Path:
    """A picture of one colour."""
    Image.new("RGB", (side, side), colour).save(path)
    return path


def noise(path: Path, side: int) -> Path:
    """A picture that no format makes small."""
    random = np.random.default_rng(0)
    Image.fromarray(random.integers(0, 255, (side, side, 3), np.uint8)).save(path)
    return path


def glow(place: str, side: int = 480) -> Image.Image:
    """A red picture that is brightest at one place."""
    scene = Image.new("RGB", (side, side), (190, 0, 0))
    wide = side // 3
    scene.paste(
        (255, 0, 0), (round(PLACES[place] * (side - wide)), 0, round(PLACES[place] * (side - wide)) + wide, side)
    )
    return scene


def put(thing: Image.Image, place: str, *, side: int = 720, share: float = 0.55) -> Image.Image:
    """A thing at one side of a plain ground of its own edge's colour."""
    scale = share * side / max(thing.size)
    thing = thing.resize((round(scale * thing.width), round(scale * thing.height)))
    edge = np.asarray(thing)[:3].reshape(-1, 3).mean(axis=0)
    scene = Image.new("RGB", (side, side), tuple(int(value) for value in edge))
    across = 0.04 + PLACES[place] * 0.92
    left = round(across * side - PLACES[place] * thing.width)
    scene.paste(thing, (left, (side - thing.height) // 2))
    return scene


def film(path: Path, scenes: Iterable[Image.Image], *, frames: int = 60) -> Path:
    """A film (Motion JPEG, as Chromium's fake camera reads it) that shows each scene for so many frames, and again."""
    with path.open("wb") as file:
        for scene in scenes:
            file.write(encode(scene) * frames)
    return path


def encode(scene: Image.Image) -> bytes:
    buffer = io.BytesIO()
    scene.save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def as_text(scene: Image.Image) -> str:
    """A picture as a script can take it."""
    return base64.b64encode(encode(scene)).decode()
