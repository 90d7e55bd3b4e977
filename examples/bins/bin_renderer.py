"""Renderer of bins seen from the front: a compartment of a fabric pod with objects that touch and hide each other.

A picture depends on its seed and number alone. It stands in for a photograph, and says nothing about photographs.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from examples.bins.drawn_objects import KINDS, Random, pick

_WIDTH, _HEIGHT = 640, 540
_FABRICS = ((96, 100, 106), (60, 66, 78), (196, 170, 88), (70, 92, 128), (128, 120, 108))
_LEAST_VISIBLE = 0.4
_TRIES = 60
_SIZES = {
    "box": ((0.18, 0.44), (0.18, 0.46)),
    "bottle": ((0.09, 0.17), (0.3, 0.54)),
    "bag": ((0.22, 0.42), (0.2, 0.4)),
}
_BOOKS = (((0.28, 0.42), (0.05, 0.1)), ((0.05, 0.09), (0.3, 0.46)), ((0.2, 0.3), (0.28, 0.42)))  # lying, spine, cover


@dataclass(frozen=True, kw_only=True)
class Placed:
    """Object in a bin, in pixels of the drawing.

    Attributes:
        kind: "box", "bottle", "book" or "bag".
        left: its left side before it is tilted.
        base: its lower side.
        width: its width.
        height: its height.
        tilt: angle in degrees by which it leans, anticlockwise.
        look: seed of its colours and prints.
        flat: whether another object can lie on it.
    """

    kind: str
    left: float
    base: float
    width: float
    height: float
    tilt: float
    look: int
    flat: bool

    def outline(self) -> list[tuple[float, float]]:
        """Return the corners after the tilt about the middle of the lower side."""
        middle, turn = self.left + self.width / 2, np.deg2rad(-self.tilt)
        across, up = np.array([np.cos(turn), np.sin(turn)]), np.array([np.sin(turn), -np.cos(turn)])
        foot, half = np.array([middle, self.base]), self.width / 2
        corners = (foot - half * across, foot + half * across)
        corners = (*corners, corners[1] + self.height * up, corners[0] + self.height * up)
        return [(float(x), float(y)) for x, y in corners]


@dataclass(frozen=True, kw_only=True)
class Compartment:
    """Front and back of a compartment, each as left, top, right and bottom in pixels."""

    front: tuple[float, float, float, float]
    back: tuple[float, float, float, float]

    def floor(self, depth: float) -> tuple[float, float, float]:
        """Return the height of the floor at a depth from 0 to 1, and its left and right end."""
        left, _, right, base = (a + (b - a) * depth for a, b in zip(self.front, self.back, strict=True))
        return base, left, right


def render_bin(count: int, *, seed: int, number: int) -> tuple[bytes, list[str]]:
    """Render a bin with a number of objects, and return the JPEG file and the kinds of the objects."""
    random = np.random.default_rng((seed, number))
    compartment = _draw_compartment(random)
    placed = arrange(count, compartment, random)
    fabric = pick(_FABRICS, random)
    canvas = _draw_walls(compartment, fabric, random)
    light = float(random.uniform(-1, 1))
    for each in placed:
        _paint(canvas, each, light)
    _draw_front(canvas, compartment, fabric, random)
    return _photograph(canvas, light, random), [each.kind for each in placed]


def arrange(count: int, compartment: Compartment, random: Random) -> list[Placed]:
    """Arrange objects in a compartment from back to front, so that a good part of each can be seen."""
    while True:
        for _ in range(_TRIES):
            placed = _arrange_once(count, compartment, random)
            if visible_shares(placed).min() >= _LEAST_VISIBLE:
                return placed


def visible_shares(placed: Sequence[Placed]) -> np.ndarray:
    """Return the share of each object that no later one hides and that is inside the picture."""
    owner, areas = Image.new("L", (_WIDTH // 4, _HEIGHT // 4), 0), []
    for number, each in enumerate(placed, 1):
        outline = [(x / 4, y / 4) for x, y in each.outline()]
        ImageDraw.Draw(owner).polygon(outline, fill=number)
        areas.append(each.width * each.height / 16)
    seen = np.bincount(np.asarray(owner).ravel(), minlength=len(placed) + 1)[1:]
    return np.asarray(seen / areas)


def _draw_compartment(random: Random) -> Compartment:
    left, right = random.uniform(0.03, 0.08, 2) * _WIDTH
    top, bottom = random.uniform(0.03, 0.08) * _HEIGHT, random.uniform(0.05, 0.11) * _HEIGHT
    left, top, right, bottom = float(left), float(top), float(_WIDTH - right), float(_HEIGHT - bottom)
    inset, aside = random.uniform(0.07, 0.13) * _WIDTH, random.uniform(-0.04, 0.04) * _WIDTH
    above, below = random.uniform(0.05, 0.14) * _HEIGHT, random.uniform(0.1, 0.2) * _HEIGHT
    back = (left + inset + aside, top + above, right - inset + aside, bottom - below)
    return Compartment(front=(left, top, right, bottom), back=back)


def _arrange_once(count: int, compartment: Compartment, random: Random) -> list[Placed]:
    depths = np.sort(random.uniform(0, 0.9, count))[::-1]
    placed: list[Placed] = []
    kinds = [str(each) for each in random.choice(list(KINDS), count)]
    for kind, depth in zip(kinds, depths, strict=True):
        width, height = _size_of(kind, random)
        scale, look = (1 - 0.22 * depth) * _WIDTH, int(random.integers(1 << 31))
        width, height = width * scale, height * scale
        if placed and random.random() < 0.2:  # one more of an object that is there
            kind, width, height, look = (getattr(placed[-1], name) for name in ("kind", "width", "height", "look"))
        placed.append(_place(kind, (width, height), float(depth), look, placed, compartment, random))
    return placed


def _size_of(kind: str, random: Random) -> tuple[float, float]:
    wide, high = _BOOKS[random.integers(len(_BOOKS))] if kind == "book" else _SIZES[kind]
    return float(random.uniform(*wide)), float(random.uniform(*high))


def _place(
    kind: str,
    size: tuple[float, float],
    depth: float,
    look: int,
    placed: Sequence[Placed],
    compartment: Compartment,
    random: Random,
) -> Placed:
    """Place an object on the floor beside or before another one, leaning or not, or on top of a flat one."""
    width, height = size
    base, left, right = compartment.floor(depth)
    lying, tilt = width > 1.1 * height or kind == "box", 0.0
    at = random.uniform(left, max(left, right - width))
    if placed and random.random() < 0.75:
        other = placed[random.integers(len(placed))]
        fits = width < 1.3 * other.width and other.base - other.height - height > compartment.front[1]
        if other.flat and fits and random.random() < 0.5:
            base, at = other.base - other.height, other.left + random.uniform(-0.1, 0.5) * other.width
        else:
            overlap = random.uniform(-0.02, 0.5) * min(width, other.width)
            at = other.left + other.width - overlap if random.random() < 0.5 else other.left - width + overlap
    if not lying and random.random() < 0.4:
        tilt = float(random.normal(0, 9))
    at = float(np.clip(at, left, max(left, right - width)))
    flat = lying and not tilt and kind in ("box", "book")
    return Placed(kind=kind, left=at, base=float(base), width=width, height=height, tilt=tilt, look=look, flat=flat)


def _draw_walls(compartment: Compartment, fabric: tuple[int, int, int], random: Random) -> Image.Image:
    canvas = Image.new("RGB", (_WIDTH, _HEIGHT), _times(fabric, 0.8))
    draw = ImageDraw.Draw(canvas)
    a, b = compartment.front, compartment.back
    corners = [[(r[x], r[y]) for x, y in ((0, 1), (2, 1), (2, 3), (0, 3))] for r in (a, b)]
    for side, shade in enumerate((0.45, 0.62, 0.95, 0.7)):
        following = (side + 1) % 4
        ends = [corners[0][side], corners[0][following], corners[1][following], corners[1][side]]
        draw.polygon(ends, fill=_times(fabric, shade))
    draw.rectangle(b, fill=_times(fabric, 0.55))
    weave = 1 + 0.05 * random.standard_normal((_HEIGHT // 2, _WIDTH // 2), np.float32)
    folds = 1 + 0.1 * np.sin(np.linspace(0, random.uniform(4, 14), _WIDTH // 2) + random.uniform(0, 6))
    texture = Image.fromarray((100 * weave * folds).clip(0, 255).astype(np.uint8)).resize(canvas.size)
    bright = ImageChops.multiply(canvas, Image.merge("RGB", [texture] * 3))
    return bright.point(lambda value: value * 2.55)


def _paint(canvas: Image.Image, placed: Placed, light: float) -> None:
    """Paint an object and its shadow, which falls away from the light."""
    size = max(8, round(placed.width)), max(8, round(placed.height))
    tile = KINDS[placed.kind](size, np.random.default_rng(placed.look))
    # Turned about the middle of the lower side: the tile is doubled below it.
    turned = Image.new("RGBA", (size[0], 2 * size[1]))
    turned.paste(tile, (0, 0))
    if placed.tilt:
        turned = turned.rotate(placed.tilt, Image.Resampling.BICUBIC, expand=True)
    place = round(placed.left + placed.width / 2 - turned.width / 2), round(placed.base - turned.height / 2)
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
    draw.rectangle((0, bottom, _WIDTH, _HEIGHT), fill=frame)
    draw.rectangle((0, 0, _WIDTH, top), fill=_times(fabric, 0.6))
    draw.rectangle((0, 0, left, _HEIGHT), fill=_times(fabric, 0.75))
    draw.rectangle((right, 0, _WIDTH, _HEIGHT), fill=_times(fabric, 0.75))
    at = random.uniform(left, right - 120)
    draw.rectangle((at, bottom + 6, at + 90, min(_HEIGHT, bottom + 32)), fill=(240, 240, 236))
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
    corners = (corners + random.normal(0, 0.008, (4, 2)) - 0.5) * (_WIDTH, _HEIGHT)
    corners = corners @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    corners += (_WIDTH / 2, _HEIGHT / 2)
    wide = int(random.integers(300, 381))
    high = wide * _HEIGHT // _WIDTH
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
