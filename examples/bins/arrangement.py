"""Arrangement of objects in a bin: their kinds, sizes and places, so that they touch and hide each other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from examples.bins.drawn_objects import KINDS, Random

WIDTH, HEIGHT = 640, 540
"""Size of the drawing, in pixels."""

LEAST_VISIBLE = 0.4
"""Share of each object that can be seen."""

_SIZES = {
    "box": ((0.18, 0.44), (0.18, 0.46)),
    "bottle": ((0.09, 0.17), (0.3, 0.54)),
    "bag": ((0.22, 0.42), (0.2, 0.4)),
}
_BOOKS = (((0.28, 0.42), (0.05, 0.1)), ((0.05, 0.09), (0.3, 0.46)), ((0.2, 0.3), (0.28, 0.42)))  # lying, spine, cover


@dataclass(frozen=True, kw_only=True)
class Thing:
    """Object that can lie in a bin.

    Attributes:
        kind: "box", "bottle", "book" or "bag".
        width: its width in pixels.
        height: its height.
        look: seed of its colours and prints.
    """

    kind: str
    width: float
    height: float
    look: int


@dataclass(frozen=True, kw_only=True)
class Placed:
    """Object in a bin.

    Attributes:
        thing: the object.
        left: its left side in pixels, before it is tilted.
        base: its lower side.
        tilt: angle in degrees by which it leans, anticlockwise.
        flat: whether another object can lie on it.
    """

    thing: Thing
    left: float
    base: float
    tilt: float
    flat: bool

    def outline(self) -> list[tuple[float, float]]:
        """Return the corners after the tilt about the middle of the lower side."""
        thing, turn = self.thing, np.deg2rad(-self.tilt)
        across, up = np.array([np.cos(turn), np.sin(turn)]), np.array([np.sin(turn), -np.cos(turn)])
        foot, half = np.array([self.left + thing.width / 2, self.base]), thing.width / 2
        lower = (foot - half * across, foot + half * across)
        corners = (*lower, lower[1] + thing.height * up, lower[0] + thing.height * up)
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


def draw_compartment(random: Random) -> Compartment:
    """Draw lots for the shape of a compartment."""
    left, right = random.uniform(0.03, 0.08, 2) * WIDTH
    top, bottom = random.uniform(0.03, 0.08) * HEIGHT, random.uniform(0.05, 0.11) * HEIGHT
    left, top, right, bottom = float(left), float(top), float(WIDTH - right), float(HEIGHT - bottom)
    inset, aside = random.uniform(0.07, 0.13) * WIDTH, random.uniform(-0.04, 0.04) * WIDTH
    above, below = random.uniform(0.05, 0.14) * HEIGHT, random.uniform(0.1, 0.2) * HEIGHT
    back = (left + inset + aside, top + above, right - inset + aside, bottom - below)
    return Compartment(front=(left, top, right, bottom), back=back)


def arrange(count: int, compartment: Compartment, random: Random) -> list[Placed]:
    """Arrange objects in a compartment from back to front, so that a good part of each can be seen."""
    while True:
        placed = _arrange_once(count, compartment, random)
        if visible_shares(placed).min() >= LEAST_VISIBLE:
            return placed


def visible_shares(placed: Sequence[Placed]) -> np.ndarray:
    """Return the share of each object that no later one hides and that is inside the picture."""
    owner, areas = Image.new("L", (WIDTH // 4, HEIGHT // 4), 0), []
    for number, each in enumerate(placed, 1):
        outline = [(x / 4, y / 4) for x, y in each.outline()]
        ImageDraw.Draw(owner).polygon(outline, fill=number)
        areas.append(each.thing.width * each.thing.height / 16)
    seen = np.bincount(np.asarray(owner).ravel(), minlength=len(placed) + 1)[1:]
    return np.asarray(seen / areas)


def _arrange_once(count: int, compartment: Compartment, random: Random) -> list[Placed]:
    depths = np.sort(random.uniform(0, 0.9, count))[::-1]
    placed: list[Placed] = []
    kinds = [str(each) for each in random.choice(list(KINDS), count)]
    for kind, depth in zip(kinds, depths, strict=True):
        scale = float(1 - 0.22 * depth) * WIDTH
        width, height = (scale * each for each in _size_of(kind, random))
        thing = Thing(kind=kind, width=width, height=height, look=int(random.integers(1 << 31)))
        if placed and random.random() < 0.2:
            thing = placed[-1].thing  # one more of an object that is there
        placed.append(_place(thing, float(depth), placed, compartment, random))
    return placed


def _size_of(kind: str, random: Random) -> tuple[float, float]:
    wide, high = _BOOKS[random.integers(len(_BOOKS))] if kind == "book" else _SIZES[kind]
    return float(random.uniform(*wide)), float(random.uniform(*high))


def _place(thing: Thing, depth: float, placed: Sequence[Placed], compartment: Compartment, random: Random) -> Placed:
    """Place an object on the floor, beside or before another one, leaning or not, or on top of a flat one."""
    width, height = thing.width, thing.height
    base, left, right = compartment.floor(depth)
    lying, tilt = width > 1.1 * height or thing.kind == "box", 0.0
    at = random.uniform(left, max(left, right - width))
    if placed and random.random() < 0.75:
        beside = placed[random.integers(len(placed))]
        other, top = beside.thing, beside.base - beside.thing.height
        fits = width < 1.3 * other.width and top - height > compartment.front[1]
        if beside.flat and fits and random.random() < 0.5:
            base, at = top, beside.left + random.uniform(-0.1, 0.5) * other.width
        else:
            overlap = random.uniform(-0.02, 0.5) * min(width, other.width)
            at = beside.left + other.width - overlap if random.random() < 0.5 else beside.left - width + overlap
    if not lying and random.random() < 0.4:
        tilt = float(random.normal(0, 9))
    at = float(np.clip(at, left, max(left, right - width)))
    return Placed(thing=thing, left=at, base=float(base), tilt=tilt, flat=lying and thing.kind in ("box", "book"))
