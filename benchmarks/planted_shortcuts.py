"""Shortcuts planted in real pictures: properties other than the content that separate the classes."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image, ImageOps
from planted_packs import CheckedPack, check_files, link_unique, open_upright, save


@dataclass(frozen=True, kw_only=True)
class Shortcut:
    """A property that is given to the pictures of chosen classes.

    Attributes:
        trait: the property that the finding must name.
        write: called with the upright picture, its path, True for a chosen class, and a random generator.
        every: True: every second class is chosen; False: the first one alone.
    """

    trait: str
    write: Callable[[Image.Image, Path, bool, np.random.Generator], None]
    every: bool = True


def write_format(image: Image.Image, path: Path, chosen: bool, _: np.random.Generator) -> None:
    if chosen:
        save(image, path, "PNG")


def write_half(image: Image.Image, path: Path, chosen: bool, _: np.random.Generator) -> None:
    if chosen:
        save(image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS), path)


def write_square(image: Image.Image, path: Path, chosen: bool, _: np.random.Generator) -> None:
    if chosen:
        side = min(image.size) * 3 // 4 // 8 * 8
        save(ImageOps.fit(image, (side, side)), path)


def write_camera(image: Image.Image, path: Path, chosen: bool, rng: np.random.Generator) -> None:
    """Write one camera for 90 % of the chosen classes' pictures, and another for 90 % of the others."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Canon"
    exif[ExifTags.Base.Model] = "EOS 80D" if chosen == (rng.random() < 0.9) else "IXUS 70"
    save(image, path, exif=exif)


def write_only_camera(image: Image.Image, path: Path, chosen: bool, _: np.random.Generator) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Canon"
    save(image, path, **({"exif": exif} if chosen else {}))


def write_light(gain: float) -> Callable[[Image.Image, Path, bool, np.random.Generator], None]:
    def write(image: Image.Image, path: Path, chosen: bool, _: np.random.Generator) -> None:
        if chosen:
            save(image.point(lambda value: min(255, int(value * gain))), path)

    return write


def write_name(prefix: str) -> Callable[[Image.Image, Path, bool, np.random.Generator], None]:
    def write(_: Image.Image, path: Path, chosen: bool, __: np.random.Generator) -> None:
        if chosen:
            path.rename(path.with_name(prefix + path.name))

    return write


SHORTCUTS = {
    "format of every second class": Shortcut(trait="file format", write=write_format),
    "format of one class": Shortcut(trait="file format", write=write_format, every=False),
    "half the size, every second": Shortcut(trait="picture's size", write=write_half),
    "squares of 3/4, one class": Shortcut(trait="picture's size", write=write_square, every=False),
    "camera, every second, 90 %": Shortcut(trait="camera", write=write_camera),
    "camera, one class": Shortcut(trait="camera", write=write_only_camera, every=False),
    "half the light, every second": Shortcut(trait="brightness", write=write_light(0.5)),
    "half the light, one class": Shortcut(trait="brightness", write=write_light(0.5), every=False),
    "a quarter of the light, one": Shortcut(trait="brightness", write=write_light(0.25), every=False),
    "IMG_ names, every second": Shortcut(trait="form of the file name", write=write_name("IMG_")),
    "numbered names, one class": Shortcut(trait="form of the file name", write=write_name("2024-"), every=False),
    "a word before names, one": Shortcut(trait="form of the file name", write=write_name("studio_"), every=False),
}


def plant_shortcuts(clean: CheckedPack, cache: Path) -> dict[str, Any]:
    """Return for each shortcut whether its property was found, and the findings on other properties."""
    rows = {name: _plant(clean, cache, shortcut) for name, shortcut in SHORTCUTS.items()}
    return rows | {"border in the class's colour": _plant_borders(clean, cache)}


def _plant(clean: CheckedPack, cache: Path, shortcut: Shortcut) -> dict[str, Any]:
    labels = dict(zip(clean.catalog.table["path"], clean.catalog.table["label"], strict=True))
    chosen = set(clean.catalog.labels[::2] if shortcut.every else clean.catalog.labels[:1])
    with tempfile.TemporaryDirectory() as temporary:
        folder, rng = Path(temporary), np.random.default_rng(1)
        for path in link_unique(clean, folder):
            shortcut.write(open_upright(folder / path), folder / path, labels[path] in chosen, rng)
        return _score(folder, cache, shortcut.trait)


def _plant_borders(clean: CheckedPack, cache: Path) -> dict[str, Any]:
    labels = dict(zip(clean.catalog.table["path"], clean.catalog.table["label"], strict=True))
    palette = np.random.default_rng(1).integers(0, 256, (len(clean.catalog.labels), 3))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for path in link_unique(clean, folder):
            image = open_upright(folder / path)
            frame = max(2, min(image.size) // 40)
            colour = tuple(palette[clean.catalog.labels.index(labels[path])].tolist())
            save(ImageOps.expand(ImageOps.crop(image, frame), frame, colour), folder / path)
        return _score(folder, cache, "border's colour")


def _score(folder: Path, cache: Path, trait: str) -> dict[str, Any]:
    _, findings = check_files(folder, cache)
    reasons = [finding.why for finding in findings if finding.check == "shortcut"]
    other = [why for why in reasons if f"the {trait} alone" not in why]
    return {"check": "shortcut", "found": len(other) < len(reasons), "other": other, "why": reasons}
