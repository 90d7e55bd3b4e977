"""Synthetic pictures: unrelated scenes, look-alikes, frames of films, and altered copies."""

import io
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image, ImageDraw

from discern.catalog import COLUMNS, Catalog, scan

Alter = Callable[[Image.Image], Image.Image]
WHITE = (255, 255, 255)


def noise(rng: np.random.Generator, width: int, height: int, cells: int) -> np.ndarray:
    """Generate smooth noise of standard deviation about 1, float32 [height, width, 3]; more cells make it finer."""
    coarse = rng.normal(size=(cells, cells, 3)).astype(np.float32)
    planes = [
        np.asarray(Image.fromarray(coarse[..., c]).resize((width, height), Image.Resampling.BICUBIC)) for c in range(3)
    ]
    return np.stack(planes, axis=2)


def scene(seed: int, *, width: int = 160, height: int = 120) -> Image.Image:
    """Draw random colours, shapes and texture."""
    rng = np.random.default_rng(seed)
    layers = sum(noise(rng, width, height, cells) * weight for cells, weight in ((3, 45), (8, 35), (24, 25)))
    image = Image.fromarray(np.clip(128 + layers, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for _ in range(8):
        x, y, wide, high = rng.uniform(0, 1, 4) * (width, height, width / 3, height / 3)
        colour = tuple(int(value) for value in rng.integers(0, 256, 3))
        draw.ellipse((x - wide, y - high, x + wide / 4, y + high / 4), fill=colour)
    return image


def look_alike(seed: int, *, detail: float = 10.0, side: int = 128) -> Image.Image:
    """Draw something like a chest X-ray: the same anatomy and pose, with independent fine structure."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j] + rng.normal(0, 0.02, 2)[:, None, None]
    lungs = sum(np.exp(-(((x - s * 0.42) / 0.27) ** 4) - (y / 0.65) ** 4) for s in (-1, 1))
    ribs = np.sin(20 * y - 7 * np.abs(x) ** 1.5) * 10
    body = 170 - 90 * lungs + ribs + 60 * np.exp(-((x / 0.1) ** 2))
    grain = sum(noise(rng, side, side, cells)[..., 0] for cells in (8, 24, 48)) * detail
    return Image.fromarray(np.clip(body + grain, 0, 255).astype(np.uint8)).convert("RGB")


def frame(film: int, number: float, *, side: int = 96) -> Image.Image:
    """Draw a spotted ball that rotates in front of a white wall."""
    rng = np.random.default_rng(film)
    image = Image.new("RGB", (side, side), WHITE)
    draw = ImageDraw.Draw(image)
    draw.ellipse((8, 8, side - 8, side - 8), fill=tuple(int(value) for value in rng.integers(30, 200, 3)))
    for start, up, size in zip(rng.uniform(0, 360, 14), rng.uniform(-25, 25, 14), rng.uniform(4, 12, 14), strict=True):
        angle = np.radians(start + number)
        if np.cos(angle) > 0:
            x, y = side / 2 + 32 * np.sin(angle), side / 2 + up
            wide = size * np.cos(angle)
            draw.ellipse((x - wide, y - size, x + wide, y + size), fill=tuple(int(v) for v in rng.integers(0, 256, 3)))
    return image


def re_encoded(quality: int) -> Alter:
    def alter(image: Image.Image) -> Image.Image:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality)
        return Image.open(io.BytesIO(buffer.getvalue())).convert("RGB")

    return alter


def halved(image: Image.Image) -> Image.Image:
    return image.resize((image.width // 2, image.height // 2), Image.Resampling.BICUBIC)


def cropped(image: Image.Image) -> Image.Image:
    return image.crop((int(image.width * 0.09), int(image.height * 0.02), image.width, int(image.height * 0.94)))


def brightened(image: Image.Image) -> Image.Image:
    return image.point(lambda value: min(255, int(value * 1.25)))


def mirrored(image: Image.Image) -> Image.Image:
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def quarter_turned(image: Image.Image) -> Image.Image:
    return image.transpose(Image.Transpose.ROTATE_90)


def grey(image: Image.Image) -> Image.Image:
    return image.convert("L").convert("RGB")


def resized(width: int, height: int) -> Alter:
    return lambda image: image.resize((width, height), Image.Resampling.BICUBIC)


def rotated(angle: float, *, expand: bool = False) -> Alter:
    return lambda image: image.rotate(angle, Image.Resampling.BICUBIC, expand=expand, fillcolor=WHITE)


def write(folder: Path, pictures: Mapping[str, Image.Image]) -> Path:
    for name, image in pictures.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path)
    return folder


def catalog_of(folder: Path, pictures: Mapping[str, Image.Image]) -> Catalog:
    """Write pictures and scan them."""
    return scan(write(folder / "pictures", pictures), cache=folder / "cache")


def bare_catalog(
    paths: list[str], *, groups: Mapping[str, str] | None = None, thumbs: np.ndarray | None = None
) -> Catalog:
    """Create a catalog of names without files, for grouping by names and edges."""
    rows = [
        {
            "path": path,
            "pixels": path,
            "label": path.split("/")[0],
            "group": (groups or {}).get(path),
            "width": 64,
            "height": 64,
        }
        for path in paths
    ]
    table = pl.DataFrame(rows, schema_overrides=COLUMNS)
    table = table.with_columns(
        pl.lit(None, kind).alias(name) for name, kind in COLUMNS.items() if name not in table.columns
    )
    thumbs = np.zeros((len(paths), 64, 64, 3), np.uint8) if thumbs is None else thumbs
    return Catalog(root=Path(), table=table.select(list(COLUMNS)), thumbs=thumbs)


def tiles_of(image: Image.Image, *, side: int, step: int) -> dict[tuple[int, int], Image.Image]:
    """Cut a picture into square tiles, by their row and column."""
    return {
        (row, column): image.crop((column * step, row * step, column * step + side, row * step + side))
        for row in range((image.height - side) // step + 1)
        for column in range((image.width - side) // step + 1)
    }


def hidden_name(number: int) -> str:
    """Return a name without digits that tells nothing, in an order unlike that of the numbers."""
    return "".join(chr(97 + int(digit)) for digit in f"{number * 7919 % 10007:05}")
