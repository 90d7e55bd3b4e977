"""Pictures of further vehicles beside bicycles and motorcycles: from CIFAR-100, from another set, or drawn."""

import shutil
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

import discern

FURTHER = ("bus", "pickup_truck")
_STAND_INS = ("automobile", "truck")
_SIDE = 32
_DRAWN = {"train": 150, "test": 30}


def add_vehicles(batches: Path, pictures: Path, *, stand_ins: Path | None) -> str:
    """Add pictures of two further classes to {train,test}/ of a folder of pictures.

    Args:
        batches: folder of the python batches.
        pictures: folder to add to.
        stand_ins: folder of {train,test}/{automobile,truck}/ for batches that lack the further classes; None to draw.

    Returns:
        Origin of the pictures: "" if they are from the batches, "stand-in" if they are from CIFAR-10 (as JPEG files),
        or "rendered" if they are drawn.
    """
    try:
        write_pictures(batches, pictures, FURTHER)
    except discern.DiscernError:  # the batches lack one of them
        pass
    else:
        return ""
    places = [f"{part}/{label}" for part in _DRAWN for label in _STAND_INS]
    if stand_ins is not None and all((stand_ins / place).is_dir() for place in places):
        for place in places:
            shutil.copytree(stand_ins / place, pictures / place)
        return "stand-in"
    for number, label in enumerate(FURTHER):
        for part, count in _DRAWN.items():
            _draw(pictures / part / label, count, bus=label == "bus", seed=2 * number + (part == "test"))
    return "rendered"


def write_pictures(batches: Path, pictures: Path, labels: tuple[str, ...]) -> dict[str, list[tuple[str, str]]]:
    """Write the pictures of some classes as PNG files, `PART/LABEL/NUMBER.png`.

    Returns:
        Label and path of each file, by part.
    """
    catalog = discern.read(batches, classes=labels)
    columns = (catalog.table[name].to_list() for name in ("path", "label", "part"))
    rows = {row: each for row, each in enumerate(zip(*columns, strict=True)) if each[1] in labels}
    written: dict[str, list[tuple[str, str]]] = {"train": [], "test": []}
    for row, content in catalog.read(list(rows)):
        path, label, part = rows[row]
        place = f"{part}/{label}/{path.rpartition('/')[2]}"
        (pictures / place).parent.mkdir(parents=True, exist_ok=True)
        (pictures / place).write_bytes(content)
        written[part].append((label, place))
    return written


def _draw(folder: Path, count: int, *, bus: bool, seed: int) -> None:
    """Draw vehicles with a long body or with an open bed, in colours of their own before a plain ground."""
    random = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    for number in range(count):
        ground, body, dark = (tuple(int(each) for each in random.integers(low, low + 90, 3)) for low in (150, 60, 0))
        image = Image.new("RGB", (_SIDE, _SIDE), ground)
        draw, left, top = ImageDraw.Draw(image), int(random.integers(1, 6)), int(random.integers(6, 12))
        right = left + int(random.integers(20, 25))
        draw.rectangle((left, top if bus else top + 6, right, 22), fill=body)
        if not bus:
            draw.rectangle((right - 9, top, right - 3, top + 6), fill=body)
        for window in range(left + 2, right - 3, 5) if bus else (right - 8,):
            draw.rectangle((window, top + 2, window + 3, top + 5), fill=dark)
        for wheel in (left + 3, right - 8):
            draw.ellipse((wheel, 19, wheel + 6, 25), fill=dark)
        noisy = np.asarray(image, np.int16) + random.integers(-12, 13, (_SIDE, _SIDE, 3))
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(folder / f"{number}.png")
