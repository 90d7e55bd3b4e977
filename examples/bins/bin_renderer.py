"""Renderer of bins seen from the front: a compartment of a fabric pod with objects that touch and hide each other.

A picture depends on its seed and number alone. It stands in for a photograph, and says nothing about photographs.
"""

import io

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from examples.bins.arrangement import HEIGHT, WIDTH, Compartment, Placed, arrange, draw_compartment
from examples.bins.drawn_objects import KINDS, Random, pick

_FABRICS = ((96, 100, 106), (60, 66, 78), (196, 170, 88), (70, 92, 128), (128, 120, 108))


def render_bin(count: int, *, seed: int, number: int) -> tuple[bytes, list[str]]:
    """Render a bin with a number of objects, and return the JPEG file and the kinds of the objects."""
    random = np.random.default_rng((seed, number))
    compartment = draw_compartment(random)
    placed = arrange(count, compartment, random)
    fabric = pick(_FABRICS, random)
    canvas = _draw_walls(compartment, fabric, random)
    light = float(random.uniform(-1, 1))
    for each in placed:
        _paint(canvas, each, light)
    _draw_front(canvas, compartment, fabric, random)
    return _photograph(canvas, light, random), [each.thing.kind for each in placed]


def _draw_walls(compartment: Compartment, fabric: tuple[int, int, int], random: Random) -> Image.Image:
    canvas = Image.new("RGB", (WIDTH, HEIGHT), _times(fabric, 0.8))
    draw = ImageDraw.Draw(canvas)
    a, b = compartment.front, compartment.back
    corners = [[(r[x], r[y]) for x, y in ((0, 1), (2, 1), (2, 3), (0, 3))] for r in (a, b)]
    for side, shade in enumerate((0.45, 0.62, 0.95, 0.7)):
        following = (side + 1) % 4
        ends = [corners[0][side], corners[0][following], corners[1][following], corners[1][side]]
        draw.polygon(ends, fill=_times(fabric, shade))
    draw.rectangle(b, fill=_times(fabric, 0.55))
    weave = 1 + 0.05 * random.standard_normal((HEIGHT // 2, WIDTH // 2), np.float32)
    folds = 1 + 0.1 * np.sin(np.linspace(0, random.uniform(4, 14), WIDTH // 2) + random.uniform(0, 6))
    texture = Image.fromarray((100 * weave * folds).clip(0, 255).astype(np.uint8)).resize(canvas.size)
    bright = ImageChops.multiply(canvas, Image.merge("RGB", [texture] * 3))
    return bright.point(lambda value: value * 2.55)


def _paint(canvas: Image.Image, placed: Placed, light: float) -> None:
    """Paint an object and its shadow, which falls away from the light."""
    thing = placed.thing
    size = max(8, round(thing.width)), max(8, round(thing.height))
    tile = KINDS[thing.kind](size, np.random.default_rng(thing.look))
    # Turned about the middle of the lower side: the tile is doubled below it.
    turned = Image.new("RGBA", (size[0], 2 * size[1]))
    turned.paste(tile, (0, 0))
    if placed.tilt:
        turned = turned.rotate(placed.tilt, Image.Resampling.BICUBIC, expand=True)
    place = round(placed.left + thing.width / 2 - turned.width / 2), round(placed.base - turned.height / 2)
    layer = Image.new("L", (turned.width + 48, turned.height + 48))
    layer.paste(turned.getchannel("A").point(lambda value: value * 0.6), (24, 24))
    shadow = layer.filter(ImageFilter.BoxBlur(9))
    canvas.paste((8, 8, 10), (place[0] - 24 - round(14 * light), place[1] - 24 + 5), shadow)
    canvas.paste(turned, place, turned)


def _draw_front(canvas: Image.Image, compartment: Compartment, fabric: tuple[int, int, int], random: Random) -> None:
    """Draw what is before the objects: the frame, its sticker, and strips of tape."""
    draw = ImageDraw.Draw(canvas, "RGBA")
    left, top, right, bottom = compartment.front
    frame = _times(fabric, 0.85)
    draw.rectangle((0, bottom, WIDTH, HEIGHT), fill=frame)
    draw.rectangle((0, 0, WIDTH, top), fill=_times(fabric, 0.6))
    draw.rectangle((0, 0, left, HEIGHT), fill=_times(fabric, 0.75))
    draw.rectangle((right, 0, WIDTH, HEIGHT), fill=_times(fabric, 0.75))
    at = random.uniform(left, right - 120)
    draw.rectangle((at, bottom + 6, at + 90, min(HEIGHT, bottom + 32)), fill=(240, 240, 236))
    for x in range(int(at) + 6, int(at) + 84, 5):
        draw.line((x, bottom + 9, x, bottom + 24), fill=(20, 20, 20), width=int(random.integers(1, 4)))
    for _ in range(int(random.choice(4, p=(0.35, 0.35, 0.2, 0.1)))):
        y, slope, wide = random.uniform(top + 60, bottom - 30), random.uniform(-30, 30), random.uniform(14, 34)
        tape = (*pick(((222, 214, 190), (206, 214, 220)), random), int(random.integers(70, 150)))
        draw.polygon([(left, y), (right, y + slope), (right, y + slope + wide), (left, y + wide)], fill=tape)


def _photograph(canvas: Image.Image, light: float, random: Random) -> bytes:
    """Move the camera, light the scene, and return a JPEG file of a camera that is not perfect."""
    zoom, turn = random.uniform(0.015, 0.05, 4), np.deg2rad(random.normal(0, 1.2))
    corners = np.array([(zoom[0], zoom[1]), (zoom[0], 1 - zoom[2]), (1 - zoom[3], 1 - zoom[2]), (1 - zoom[3], zoom[1])])
    corners = (corners + random.normal(0, 0.008, (4, 2)) - 0.5) * (WIDTH, HEIGHT)
    corners = corners @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    corners += (WIDTH / 2, HEIGHT / 2)
    wide = int(random.integers(300, 381))
    high = wide * HEIGHT // WIDTH
    seen = canvas.transform((wide, high), Image.Transform.QUAD, corners.ravel().tolist(), Image.Resampling.BILINEAR)
    x, y = np.linspace(-1, 1, wide)[None, :], np.linspace(-1, 1, high)[:, None]
    lit = 0.95 + 0.22 * light * x + random.uniform(-0.12, 0.12) * y - random.uniform(0.05, 0.28) * (x**2 + y**2)
    warm = (1 + random.uniform(-0.08, 0.08) * np.array([1, 0, -1])) * random.uniform(0.75, 1.25)
    pixels = np.asarray(seen, np.float32) * (lit[..., None] * warm).astype(np.float32)
    pixels += random.standard_normal(pixels.shape, np.float32) * random.uniform(2, 7)
    image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    image = image.filter(ImageFilter.BoxBlur(float(random.uniform(0, 0.7))))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=int(random.integers(60, 90)))
    return file.getvalue()


def _times(colour: tuple[int, int, int], factor: float) -> tuple[int, int, int]:
    red, green, blue = (min(255, int(each * factor)) for each in colour)
    return red, green, blue
