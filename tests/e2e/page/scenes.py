"""Test pictures for the page, and films for its camera."""

import base64
import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

# Colours by the small model's prediction: accepted as red, between both labels, unknown, accepted as dark.
SURE, TORN, UNKNOWN, DARK = (250, 0, 0), (127, 20, 20), (255, 255, 255), (0, 0, 0)

SIDES = {"left": 0.0, "centre": 0.5, "right": 1.0}


def paint(path: Path, colour: tuple[int, int, int], side: int = 200) -> Path:
    """Save a picture of one colour."""
    Image.new("RGB", (side, side), colour).save(path)
    return path


def noise(path: Path, side: int) -> Path:
    """Save a picture of noise, which does not compress."""
    random = np.random.default_rng(0)
    Image.fromarray(random.integers(0, 255, (side, side, 3), np.uint8)).save(path)
    return path


def glow(side_name: str, side: int = 480) -> Image.Image:
    """Return a red picture that is brightest on one side."""
    scene = Image.new("RGB", (side, side), (190, 0, 0))
    width = side // 3
    scene.paste(
        (255, 0, 0),
        (round(SIDES[side_name] * (side - width)), 0, round(SIDES[side_name] * (side - width)) + width, side),
    )
    return scene


def place_object(photo: Image.Image, side_name: str, *, side: int = 720, share: float = 0.55) -> Image.Image:
    """Place a photograph on one side of a plain background in the colour of its edge."""
    scale = share * side / max(photo.size)
    photo = photo.resize((round(scale * photo.width), round(scale * photo.height)))
    edge = np.asarray(photo)[:3].reshape(-1, 3).mean(axis=0)
    scene = Image.new("RGB", (side, side), tuple(int(value) for value in edge))
    offset = 0.04 + SIDES[side_name] * 0.92
    left = round(offset * side - SIDES[side_name] * photo.width)
    scene.paste(photo, (left, (side - photo.height) // 2))
    return scene


def film(path: Path, scenes: Iterable[Image.Image], *, frames: int = 60) -> Path:
    """Write a Motion JPEG film for Chromium's fake camera that shows each scene for `frames` frames."""
    with path.open("wb") as file:
        for scene in scenes:
            file.write(encode(scene) * frames)
    return path


def encode(scene: Image.Image) -> bytes:
    buffer = io.BytesIO()
    scene.save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def to_base64(scene: Image.Image) -> str:
    """Return a picture as base64 text for a script."""
    return base64.b64encode(encode(scene)).decode()
