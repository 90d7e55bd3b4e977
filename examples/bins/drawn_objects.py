"""Objects of several kinds, drawn upright on tiles of their own: boxes, bottles, books and bags."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
Random = np.random.Generator

_CARDBOARD = ((176, 134, 90), (196, 154, 108), (160, 120, 78))
_COVERS = ((150, 30, 40), (25, 60, 120), (30, 100, 70), (225, 170, 40), (60, 60, 65), (230, 225, 215), (110, 50, 120))
_PAPER = (232, 224, 204)
_TAPE = (214, 186, 130, 190)


def draw_box(size: tuple[int, int], random: Random) -> Image.Image:
    """Draw a carton or a printed box, with its top or one side in view."""
    width, height = size
    plain = random.random() < 0.5
    colour = pick(_CARDBOARD, random) if plain else _any_colour(random)
    tile = Image.new("RGBA", size, (*colour, 255))
    draw = ImageDraw.Draw(tile)
    if plain:
        left = width * random.uniform(0.3, 0.6)
        draw.rectangle((left, 0, left + width * 0.12, height * random.uniform(0.25, 1)), fill=_TAPE)
        _draw_barcode(draw, width, height, random)
    else:
        _draw_print(draw, width, height, random)
    edge = random.integers(3)
    if edge == 0:
        draw.rectangle((0, 0, width, height * random.uniform(0.06, 0.16)), fill=_shade(colour, 1.25))
    else:
        wide = width * random.uniform(0.08, 0.2)
        draw.rectangle((0 if edge == 1 else width - wide, 0, wide if edge == 1 else width, height), fill=_shade(colour))
    draw.rectangle((0, 0, width - 1, height - 1), outline=_shade(colour, 0.55), width=2)
    return tile


def draw_bottle(size: tuple[int, int], random: Random) -> Image.Image:
    """Draw a bottle with its cap and label, lit like a cylinder."""
    width, height = size
    tile = Image.new("RGBA", size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(tile)
    body, cap = (*_any_colour(random), 255), (*_any_colour(random), 255)
    neck, shoulder = width * random.uniform(0.35, 0.7), height * random.uniform(0.15, 0.3)
    left, right = (width - neck) / 2, (width + neck) / 2
    draw.rounded_rectangle((0, shoulder, width - 1, height - 1), radius=width * 0.14, fill=body)
    draw.polygon(
        [
            (0, shoulder + width * 0.14),
            (left, height * 0.1),
            (right, height * 0.1),
            (width - 1, shoulder + width * 0.14),
        ],
        fill=body,
    )
    draw.rectangle((left, 0, right, height * 0.12), fill=cap)
    top = shoulder + height * random.uniform(0.1, 0.25)
    draw.rectangle((0, top, width - 1, top + height * random.uniform(0.2, 0.4)), fill=(*_any_colour(random), 255))
    _draw_lines(draw, (width * 0.2, top + 6, width * 0.8, top + height * 0.18), _shade(body[:3], 0.4), random)
    across = np.linspace(-1, 1, width)
    light = 0.55 + 0.5 * np.sqrt(np.clip(1 - across**2, 0, 1)) + 0.5 * np.exp(-((across + 0.4) ** 2) / 0.015)
    return _lit(tile, light[None, :])


def draw_book(size: tuple[int, int], random: Random) -> Image.Image:
    """Draw a book: the pages if it is lying, else its spine or its cover."""
    width, height = size
    colour = pick(_COVERS, random)
    tile = Image.new("RGBA", size, (*colour, 255))
    draw = ImageDraw.Draw(tile)
    ink = _shade(colour, 2.2) if sum(colour) < 380 else _shade(colour, 0.3)
    if width > 2 * height:
        edge = max(2, height // 7)
        draw.rectangle((edge, edge, width - 1, height - edge), fill=_PAPER)
        for y in range(edge + 2, height - edge, 3):
            draw.line((edge, y, width, y), fill=_shade(_PAPER, random.uniform(0.75, 0.95)))
    elif height > 2 * width:
        draw.rectangle((width * 0.3, height * 0.15, width * 0.7, height * random.uniform(0.5, 0.8)), fill=ink)
        for place in (0.06, 0.9):
            draw.rectangle((0, height * place, width, height * (place + 0.03)), fill=ink)
    else:
        _draw_lines(draw, (width * 0.12, height * 0.1, width * 0.88, height * 0.4), ink, random)
        draw.ellipse((width * 0.25, height * 0.5, width * 0.75, height * 0.85), fill=_any_colour(random))
    draw.rectangle((0, 0, width - 1, height - 1), outline=_shade(colour, 0.5), width=2)
    return tile


def draw_bag(size: tuple[int, int], random: Random) -> Image.Image:
    """Draw a bag with a wavy outline, creases and a seal; some are of clear plastic."""
    width, height = size
    clear = random.random() < 0.35
    colour: Colour = (205, 212, 216) if clear else _any_colour(random)
    turns = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    wave = 0.93 + 0.04 * np.sin(3 * turns + random.uniform(0, 6)) + random.normal(0, 0.012, 40)
    # Between an ellipse and a rectangle.
    x, y = (np.sign(part) * np.abs(part) ** 0.45 * wave for part in (np.cos(turns), np.sin(turns)))
    outline = [(float(width * (1 + a) / 2), float(height * (1 + b) / 2)) for a, b in zip(x, y, strict=True)]
    tile = Image.new("RGBA", size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(tile)
    draw.polygon(outline, fill=(*colour, 190 if clear else 255))
    if clear:
        inner = _any_colour(random)
        draw.rounded_rectangle((width * 0.2, height * 0.3, width * 0.8, height * 0.9), radius=9, fill=(*inner, 215))
    elif random.random() < 0.6:
        draw.ellipse((width * 0.25, height * 0.3, width * 0.75, height * 0.7), fill=(*_any_colour(random), 255))
    draw.line((width * 0.1, height * 0.12, width * 0.9, height * 0.12), fill=_shade(colour, 0.6), width=3)
    creases = Image.new("L", size, 128)
    lines = ImageDraw.Draw(creases)
    for _ in range(10):
        ends = [float(each) for each in random.uniform(0, 1, 4) * (width, height, width, height)]
        lines.line(ends, fill=int(random.choice((40, 90, 200, 250))), width=int(random.integers(2, 7)))
    folded = np.asarray(creases.filter(ImageFilter.GaussianBlur(3)), np.float32) / 128
    return _lit(tile, folded)


KINDS: dict[str, Callable[[tuple[int, int], Random], Image.Image]] = {
    "box": draw_box,
    "bottle": draw_bottle,
    "book": draw_book,
    "bag": draw_bag,
}
"""Functions that draw an object of each kind, of a size in pixels."""


def pick(colours: tuple[Colour, ...], random: Random) -> Colour:
    """Return one of some colours, a little changed."""
    chosen = np.array(colours[random.integers(len(colours))]) + random.integers(-14, 15, 3)
    return _as_colour(chosen)


def _any_colour(random: Random) -> Colour:
    return _as_colour(random.integers(25, 245, 3))


def _shade(colour: Colour, factor: float = 0.72) -> Colour:
    return _as_colour(np.array(colour) * factor)


def _as_colour(values: np.ndarray) -> Colour:
    red, green, blue = (int(each) for each in np.clip(values, 0, 255))
    return red, green, blue


def _lit(tile: Image.Image, light: np.ndarray) -> Image.Image:
    pixels = np.asarray(tile, np.float32).copy()
    pixels[..., :3] *= light[..., None]
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8), "RGBA")


def _draw_print(draw: ImageDraw.ImageDraw, width: int, height: int, random: Random) -> None:
    for _ in range(int(random.integers(1, 4))):
        left, top = width * random.uniform(0.1, 0.5), height * random.uniform(0.1, 0.6)
        right, bottom = left + width * random.uniform(0.15, 0.4), top + height * random.uniform(0.1, 0.3)
        (draw.ellipse if random.random() < 0.4 else draw.rectangle)(
            (left, top, right, bottom), fill=_any_colour(random)
        )
    _draw_lines(draw, (width * 0.15, height * 0.65, width * 0.85, height * 0.9), _any_colour(random), random)


def _draw_lines(
    draw: ImageDraw.ImageDraw, place: tuple[float, float, float, float], ink: Colour, random: Random
) -> None:
    """Draw lines of different lengths, as small print looks from afar."""
    left, top, right, bottom = place
    for y in range(int(top), int(bottom), 9):
        draw.line((left, y, left + (right - left) * random.uniform(0.4, 1), y), fill=ink, width=3)


def _draw_barcode(draw: ImageDraw.ImageDraw, width: int, height: int, random: Random) -> None:
    left, top = width * random.uniform(0.05, 0.6), height * random.uniform(0.4, 0.7)
    right, bottom = left + width * 0.3, top + height * 0.2
    draw.rectangle((left, top, right, bottom), fill=(238, 238, 235))
    for x in range(int(left) + 4, int(right) - 3, 4):
        draw.line((x, top + 3, x, bottom - 6), fill=(30, 30, 30), width=int(random.integers(1, 4)))
