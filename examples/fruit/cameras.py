"""Pictures of a cheaper camera, and the film of a fruit that is in no class."""

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

_SIZE, _FRUIT = 100, 80
_BRIGHT, _MOST = 235, 0.85
_LAMP = (0.82, 0.76, 0.6)
_LARGE = 400


def see_with_new_camera(paths: Sequence[Path], out: Path) -> list[Path]:
    """Write pictures as a cheap camera under a warm lamp would see them: soft, darker and yellowish."""
    out.mkdir(parents=True)
    written = []
    for number, path in enumerate(paths):
        with Image.open(path) as picture:
            soft = picture.convert("RGB").filter(ImageFilter.GaussianBlur(1.2))
        pixels = np.asarray(soft, np.float32) * np.array(_LAMP, np.float32)
        written.append(out / f"{number:03}.jpg")
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(written[-1], quality=80)
    return written


def film_fruit(still: Image.Image, out: Path, *, frames: int, seed: int = 0) -> list[Path]:
    """Write a film of a fruit on a turntable from one picture of it on white: turned, and seen from the side."""
    chance, fruit = random.Random(seed), still.copy()
    fruit.thumbnail((_FRUIT, _FRUIT))
    out.mkdir(parents=True)
    written = []
    for number in range(frames):
        size = (max(8, int(fruit.width * chance.uniform(0.6, 1))), fruit.height)
        turned = fruit.resize(size).rotate(
            chance.uniform(-180, 180), Image.Resampling.BICUBIC, expand=True, fillcolor="white"
        )
        turned.thumbnail((_SIZE - 4, _SIZE - 4))
        frame = Image.new("RGB", (_SIZE, _SIZE), "white")
        frame.paste(turned, ((_SIZE - turned.width) // 2, (_SIZE - turned.height) // 2))
        written.append(out / f"{number:03}.jpg")
        frame.save(written[-1], quality=92)
    return written


def find_still(pack: Path | None) -> Image.Image:
    """Return a picture of a banana on white from a pack of photographs, or a drawn one."""
    for path in sorted(pack.glob("*/*")) if pack else ():
        try:
            with Image.open(path) as picture:
                picture.thumbnail((_LARGE, _LARGE))
                image = picture.convert("RGB")
        except OSError:
            continue
        if is_on_white(image):
            return image
    image = Image.new("RGB", (_LARGE, _LARGE), "white")
    drawing = ImageDraw.Draw(image)
    drawing.ellipse((40, 0, 360, 320), "#e8c830")
    drawing.ellipse((60, -70, 340, 230), "white")
    drawing.rectangle((50, 140, 80, 190), "#5a4a20")
    return image


def is_on_white(image: Image.Image) -> bool:
    """Return True if an RGB picture is mostly white along its border."""
    pixels = np.asarray(image.resize((64, 64)))
    border = np.concatenate([pixels[:3], pixels[-3:], pixels[:, :3].swapaxes(0, 1), pixels[:, -3:].swapaxes(0, 1)])
    return bool((border.min(axis=2) > _BRIGHT).mean() > _MOST)
