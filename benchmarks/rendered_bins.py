"""Rendered warehouse bins with one to five objects, seen from the front, for the benchmark of ordinal labels.

Boxes, books, bottles and bags with random colours, patterns and print touch, lean on and occlude each other; tape
crosses the front; light, camera, blur, noise and compression vary. At least a quarter of each object is visible. One
object may look like two (a box of two colours, a wide label) and two like one, so counting colours is not enough.

Usage: python benchmarks/rendered_bins.py FOLDER [--count 1500] [--seed 0]. Writes FOLDER/1 ... FOLDER/5.
"""

import argparse
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont

LARGEST_COUNT = 5
SIDE = 384
_VISIBLE_SHARE = 0.25
_ATTEMPTS = 10
_LETTERS = np.array(list("ABCDEFGHIKLMNOPRSTUVWXYZ0123456789"))
Random = np.random.Generator
Placed = tuple[Image.Image, tuple[int, int]]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    write_bins(args.folder, args.count, seed=args.seed)


def write_bins(folder: Path, count: int, *, seed: int = 0) -> None:
    """Write `count` pictures into `folder`/1 ... `folder`/5, as many of each."""
    for number in range(1, LARGEST_COUNT + 1):
        (folder / str(number)).mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(partial(_write, folder, seed), range(count), chunksize=20))


def _write(folder: Path, seed: int, number: int) -> None:
    random = np.random.default_rng([seed, number])
    count = number % LARGEST_COUNT + 1
    # Random names: numbered ones would be grouped as a sequence.
    path = folder / str(count) / f"{random.bytes(6).hex()}.jpg"
    render(count, random).save(path, quality=int(random.integers(35, 92)))


def render(count: int, random: Random) -> Image.Image:
    """Render a bin with `count` objects: RGB, sides of 240 to 330 px."""
    scene = _bin(random)
    for item, place in _pile(count, random):
        shadow = Image.new("RGBA", item.size, (0, 0, 0, 0))
        shadow.putalpha(item.getchannel("A").point(lambda value: int(value * 0.45)))
        drop = random.integers(3, 12, 2)
        shadow = shadow.filter(ImageFilter.GaussianBlur(5))
        scene.paste(shadow, (place[0] + int(drop[0]), place[1] - int(drop[1]) // 3), shadow)
        scene.paste(item, place, item)
    _tape(scene, random)
    return _photograph(scene, random)


def _pile(count: int, random: Random) -> list[Placed]:
    """Draw objects and positions, back to front, such that each is visible."""
    size = random.uniform(0.7, 1.35)
    while True:
        objects = [_object(random, size) for _ in range(count)]
        for _ in range(_ATTEMPTS):
            placed = _arrange(objects, random)
            if _all_visible(placed):
                return placed


def _arrange(objects: list[Image.Image], random: Random) -> list[Placed]:
    spread, piled = random.uniform(0.2, 1.0), random.uniform(0, 0.7)
    placed: list[Placed] = []
    for item in objects:
        below = placed[random.integers(len(placed))] if placed and random.random() < piled else None
        placed.append(_place(item, below, spread, random))
    return sorted(placed, key=lambda item: item[1][1] + item[0].height + 40 * random.standard_normal())


def _place(item: Image.Image, below: Placed | None, spread: float, random: Random) -> Placed:
    """Place an object on the floor or on another one; `spread` 1: anywhere, less: closer together."""
    middle = SIDE / 2 + spread * random.uniform(-0.34, 0.34) * SIDE
    bottom = SIDE * random.uniform(0.80, 0.93)
    if below is not None:
        other, (left, top) = below
        middle = left + other.width * random.uniform(0.2, 0.8)
        bottom = top + other.height * random.uniform(0.02, 0.2)
    left = np.clip(middle - item.width / 2, 0.05 * SIDE, 0.95 * SIDE - item.width)
    return item, (int(left), int(max(bottom - item.height, 0.06 * SIDE)))


def _all_visible(placed: list[Placed]) -> bool:
    owner = np.full((SIDE, SIDE), -1)
    areas = []
    for number, (item, (left, top)) in enumerate(placed):
        outline = np.zeros((SIDE, SIDE), bool)
        mask = np.asarray(item.getchannel("A")) > 128
        rows, columns = max(top, 0), max(left, 0)
        visible = mask[rows - top : SIDE - top, columns - left : SIDE - left]
        outline[rows : rows + visible.shape[0], columns : columns + visible.shape[1]] = visible
        owner[outline] = number
        areas.append(mask.sum())
    shares = np.bincount(owner[owner >= 0], minlength=len(placed)) / np.array(areas)
    return bool((shares >= _VISIBLE_SHARE).all())


# --- objects -------------------------------------------------------------------------------------------------------


def _object(random: Random, size: float) -> Image.Image:
    """Draw one object as RGBA, slightly rotated."""
    renderers: list[Callable[[Random, int, int], Image.Image]] = [_box, _box, _book, _bottle, _bag]
    kind = renderers[random.integers(len(renderers))]
    scale = size * random.uniform(0.65, 1.25)
    drawn = kind(random, int(scale * random.uniform(70, 170)), int(scale * random.uniform(70, 190)))
    angle = random.choice([0, 90]) * (random.random() < 0.3) + random.normal(0, 9 if random.random() < 0.7 else 25)
    drawn = drawn.rotate(float(angle), Image.Resampling.BICUBIC, expand=True)
    drawn = drawn.crop(drawn.getbbox())
    scale_limit = 0.72 * SIDE / max(drawn.size)
    return (
        drawn if scale_limit >= 1 else drawn.resize((int(drawn.width * scale_limit), int(drawn.height * scale_limit)))
    )


def _box(random: Random, width: int, height: int) -> Image.Image:
    """Draw a box: its front, one side and the top."""
    deep, lift = int(width * random.uniform(0.05, 0.4)), int(height * random.uniform(0.0, 0.25))
    front = _printed(random, width, height)
    plain = front.resize((8, 8), Image.Resampling.BOX)
    canvas = Image.new("RGBA", (width + deep, height + lift))
    edges = [(0, lift), (width, lift), (width, height + lift), (0, height + lift)]
    side = [(width, lift), (width + deep, 0), (width + deep, height), (width, height + lift)]
    top = [(0, lift), (deep, 0), (width + deep, 0), (width, lift)]
    for corners, light, face in ((side, random.uniform(0.45, 0.8), plain), (top, random.uniform(0.9, 1.25), plain)):
        _warp(canvas, ImageEnhance.Brightness(face).enhance(light), corners)
    if random.random() < 0.5:
        canvas, edges = canvas.transpose(Image.Transpose.FLIP_LEFT_RIGHT), [(x + deep, y) for x, y in edges]
    _warp(canvas, front, edges)
    return canvas


def _book(random: Random, width: int, height: int) -> Image.Image:
    """Draw a book: a cover with the edge of its pages, or a narrow spine."""
    if random.random() < 0.5:
        width = max(18, width // 4)
    cover = _printed(random, width, int(height * 1.2))
    pages = max(3, width // 14)
    canvas = Image.new("RGBA", (width + pages, cover.height))
    draw = ImageDraw.Draw(canvas)
    for column in range(pages):
        shade = int(random.integers(170, 240))
        draw.line([(width + column, 3), (width + column, cover.height - 4)], (shade, shade, shade - 18, 255))
    canvas.paste(cover, (0, 0))
    return canvas


def _bottle(random: Random, width: int, height: int) -> Image.Image:
    """Draw a bottle: body, shoulders, neck and cap, shaded as a cylinder."""
    width, height = max(30, int(width * 0.6)), int(height * 1.1)
    body, neck = int(height * random.uniform(0.6, 0.8)), int(width * random.uniform(0.2, 0.4))
    skin = _fill(random, width, height)
    label = _printed(random, width, int(body * random.uniform(0.4, 0.8)))
    skin.paste(label, (0, height - label.height - int(body * 0.08)))
    cap = height // 9
    skin.paste(_colour(random), (0, 0, width, cap))
    across = np.cos(np.linspace(-1.35, 1.35, width))[None, :, None] * 0.75 + 0.25
    shine = np.exp(-(((np.linspace(0, 1, width) - random.uniform(0.2, 0.4)) / 0.06) ** 2))[None, :, None] * 70
    skin = Image.fromarray(np.clip(np.asarray(skin) * across + shine, 0, 255).astype(np.uint8))
    outline = Image.new("L", skin.size)
    draw, middle = ImageDraw.Draw(outline), width // 2
    draw.rounded_rectangle((0, height - body, width - 1, height - 1), width // 5, 255)
    draw.polygon(
        [(middle - neck, cap), (middle + neck, cap), (width - 1, height - body + 12), (0, height - body + 12)], 255
    )
    draw.rectangle((middle - neck - 2, 0, middle + neck + 2, cap), 255)
    skin.putalpha(outline)
    return skin


def _bag(random: Random, width: int, height: int) -> Image.Image:
    """Draw a bag: a soft outline with glossy creases."""
    skin = _printed(random, width, height)
    turns = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    radius = 1 + sum(random.normal(0, 0.05) * np.cos(wave * turns + random.uniform(0, 6)) for wave in range(2, 7))
    # A superellipse: nearer to a rectangle than to a circle.
    blunt = (np.abs(np.cos(turns)) ** 4 + np.abs(np.sin(turns)) ** 4) ** -0.25
    x = width / 2 * (1 + 0.9 * radius * blunt * np.cos(turns))
    y = height / 2 * (1 + 0.9 * radius * blunt * np.sin(turns))
    outline = Image.new("L", skin.size)
    ImageDraw.Draw(outline).polygon(list(zip(x.tolist(), y.tolist(), strict=True)), 255)
    creases = _cloud(random, width, height, 7) - _cloud(random, width, height, 7)
    lit = np.asarray(skin) * (1 + 0.5 * creases) + 190 * np.maximum(creases - 0.35, 0) * random.uniform(0, 2)
    skin = Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8))
    skin.putalpha(outline.filter(ImageFilter.GaussianBlur(1)))
    return skin


# --- surfaces -------------------------------------------------------------------------------------------------------


def _colour(random: Random) -> tuple[int, int, int]:
    """Draw a colour: half of the time brown, white, grey or black, else any."""
    kind = random.random()
    if kind < 0.25:
        colour = np.array([172, 132, 92]) * random.uniform(0.7, 1.2)
    elif kind < 0.5:
        colour = np.full(3, random.choice([30, 90, 170, 225, 240])) + random.normal(0, 8, 3)
    else:
        colour = random.integers(20, 245, 3)
    red, green, blue = np.clip(colour, 5, 250).astype(int).tolist()
    return red, green, blue


def _cloud(random: Random, width: int, height: int, cells: int) -> np.ndarray:
    """Return smooth noise in 0 to 1, `[height, width, 1]`."""
    coarse = Image.fromarray(random.integers(0, 256, (cells, cells), np.uint8))
    return np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))[..., None] / 255


def _fill(random: Random, width: int, height: int) -> Image.Image:
    """Draw a surface of one or two colours: plain, striped, checked, split or mottled."""
    one, two = (np.array(_colour(random), np.float32) for _ in range(2))
    rows, columns = np.mgrid[0:height, 0:width]
    along = columns * np.cos(turn := random.uniform(0, np.pi)) + rows * np.sin(turn)
    step = random.uniform(8, 40)
    patterns = [
        np.zeros((height, width)),
        np.zeros((height, width)),
        along / step % 1 < 0.5,
        (columns // int(step) + rows // int(step)) % 2,
        rows > height * random.uniform(0.25, 0.75),
        columns > width * random.uniform(0.25, 0.75),
        _cloud(random, width, height, int(random.integers(4, 14)))[..., 0],
        rows / height,
    ]
    share = np.asarray(patterns[random.integers(len(patterns))], np.float32)[..., None]
    surface = one * (1 - share) + two * share + random.normal(0, random.uniform(0, 7), (height, width, 1))
    surface *= 0.85 + 0.3 * _cloud(random, width, height, 3)
    return Image.fromarray(np.clip(surface, 0, 255).astype(np.uint8))


def _printed(random: Random, width: int, height: int) -> Image.Image:
    """Draw a surface with up to three printed labels: text, bar codes or pictures."""
    skin = _fill(random, width, height)
    for _ in range(random.integers(0, 4)):
        wide, high = (max(10, int(random.uniform(0.2, 0.85) * side)) for side in (width, height))
        label = _fill(random, wide, high) if random.random() < 0.4 else Image.new("RGB", (wide, high), _colour(random))
        (_bars if random.random() < 0.25 else _text)(ImageDraw.Draw(label), random, wide, high)
        skin.paste(label, (int(random.uniform(0, width - wide + 1)), int(random.uniform(0, height - high + 1))))
    if random.random() < 0.5:
        _text(ImageDraw.Draw(skin), random, width, height)
    return skin


def _text(draw: ImageDraw.ImageDraw, random: Random, width: int, height: int) -> None:
    row = random.uniform(0, 0.3) * height
    while row < height:
        size = random.uniform(6, 26)
        word = "".join(random.choice(_LETTERS, random.integers(2, 12)))
        draw.text((random.uniform(0, 0.3) * width, row), word, _colour(random), ImageFont.load_default(size))
        row += size * random.uniform(1.1, 3)


def _bars(draw: ImageDraw.ImageDraw, random: Random, width: int, height: int) -> None:
    draw.rectangle((0, 0, width, height), (240, 240, 238))
    left = 3
    while left < width - 4:
        thick = int(random.integers(1, 4))
        draw.rectangle((left, 3, left + thick - 1, height - 4), (15, 15, 15))
        left += thick + int(random.integers(1, 4))


# --- the bin and the camera -----------------------------------------------------------------------------------------


def _bin(random: Random) -> Image.Image:
    """Draw the inside of a cardboard or fabric bin: back, floor, walls and lid in one-point perspective."""
    cardboard = random.random() < 0.5
    tone = (
        (168, 128, 88) if cardboard else [(52, 60, 80), (70, 70, 72), (32, 34, 38), (120, 112, 100)][random.integers(4)]
    )
    base = np.array(tone) * random.uniform(0.75, 1.2)
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    weave = (
        np.sin(columns * random.uniform(0.4, 0.9)) * 4 if cardboard else np.sin(columns * 1.9) * np.sin(rows * 1.9) * 9
    )
    wall = base + weave[..., None] + random.normal(0, 5, (SIDE, SIDE, 1)) + 22 * (_cloud(random, SIDE, SIDE, 6) - 0.5)
    skin = Image.fromarray(np.clip(wall, 0, 255).astype(np.uint8))
    scene = Image.new("RGBA", (SIDE, SIDE), (20, 18, 16, 255))
    left, right = (SIDE * random.uniform(0.06, 0.2) for _ in range(2))
    top, bottom = SIDE * random.uniform(0.05, 0.2), SIDE * random.uniform(0.12, 0.28)
    a, b = (left, top), (SIDE - right, top)
    c, d = (SIDE - right, SIDE - bottom), (left, SIDE - bottom)
    outer = [(0.0, 0.0), (SIDE, 0.0), (SIDE, SIDE), (0.0, SIDE)]
    faces = [([a, b, c, d], 0.7), ([d, c, outer[2], outer[3]], 1.0), ([outer[0], outer[1], b, a], 0.35)]
    faces += [
        ([outer[0], a, d, outer[3]], random.uniform(0.5, 0.9)),
        ([b, outer[1], outer[2], c], random.uniform(0.5, 0.9)),
    ]
    for corners, light in faces:
        _warp(scene, ImageEnhance.Brightness(skin).enhance(light), corners)
    return scene.convert("RGB")


def _tape(scene: Image.Image, random: Random) -> None:
    """Draw up to three glossy, translucent bands of tape across the front."""
    for _ in range(random.integers(0, 4)):
        height, thick = SIDE * random.uniform(0.3, 0.95), random.uniform(10, 34)
        slope, bright = random.normal(0, 25), int(random.integers(150, 255))
        band = Image.new("L", scene.size)
        corners = [(0, height), (SIDE, height + slope), (SIDE, height + slope + thick), (0, height + thick)]
        ImageDraw.Draw(band).polygon(corners, int(255 * random.uniform(0.15, 0.6)))
        glare = _cloud(random, *scene.size, 9)[..., 0]
        band = Image.fromarray((np.asarray(band) * (0.5 + 0.8 * glare)).clip(0, 255).astype(np.uint8))
        scene.paste((bright, bright, bright - 12), (0, 0), band)


def _photograph(scene: Image.Image, random: Random) -> Image.Image:
    """Apply camera angle, light, blur and noise."""
    width, height = (int(side) for side in random.integers(240, 331, 2))
    near = random.uniform(0, 0.05) * SIDE
    inner = [(near, near), (SIDE - near, near), (SIDE - near, SIDE - near), (near, SIDE - near)]
    visible = [(x + random.normal(0, 0.025) * SIDE, y + random.normal(0, 0.025) * SIDE) for x, y in inner]
    mapping = _mapping(_corners(width, height), visible)
    photo = scene.transform((width, height), Image.Transform.PERSPECTIVE, mapping, Image.Resampling.BICUBIC)
    photo = photo.filter(ImageFilter.GaussianBlur(float(random.choice([0, 0.4, 0.8, 1.4]))))
    lit = np.asarray(photo, np.float32) / 255
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    light = (
        1
        + random.normal(0, 0.2) * rows
        + random.normal(0, 0.2) * columns
        - random.uniform(0, 0.3) * (rows**2 + columns**2)
    )
    lit = lit * light[..., None] * random.uniform(0.6, 1.25) * random.normal(1, 0.05, 3)
    lit = np.clip(lit, 0, 1) ** random.uniform(0.8, 1.25) + random.normal(0, random.uniform(0.005, 0.035), lit.shape)
    return Image.fromarray((np.clip(lit, 0, 1) * 255).astype(np.uint8))


def _corners(width: float, height: float) -> list[tuple[float, float]]:
    return [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)]


def _warp(canvas: Image.Image, face: Image.Image, corners: list[tuple[float, float]]) -> None:
    """Paste a face into four corners of a canvas: top left, top right, bottom right, bottom left."""
    area = Image.new("L", canvas.size)
    ImageDraw.Draw(area).polygon(corners, 255)
    if area.getbbox() is None:
        return
    mapping = _mapping(corners, _corners(face.width - 1, face.height - 1))
    if mapping is not None:
        canvas.paste(
            face.transform(canvas.size, Image.Transform.PERSPECTIVE, mapping, Image.Resampling.BILINEAR), (0, 0), area
        )


def _mapping(target: list[tuple[float, float]], source: list[tuple[float, float]]) -> list[float] | None:
    """Return the eight coefficients of the perspective transform from target to source corners; None if singular."""
    rows, right = [], []
    for (x, y), (u, v) in zip(target, source, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    matrix = np.array(rows, np.float64)
    if np.linalg.matrix_rank(matrix) < 8:
        return None
    numbers: list[float] = np.linalg.solve(matrix, np.array(right)).tolist()
    return numbers


if __name__ == "__main__":
    main()
