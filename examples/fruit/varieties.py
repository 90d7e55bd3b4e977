"""131 classes of fruit: real films of a turntable, and classes that are made of them by turning their colours."""

import csv
import random
import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = 131
TRAIN, FIELD = "train", "field"
FILM = r"([^/]+/\w+)_\d+\.jpg$"
"""Regular expression of the film in the path of a frame."""
MADE = "(made)"
"""End of the names of classes whose pictures are made."""
_HUES = (64, 128, 192, 32, 96, 160, 224)
"""Turns of the hue, of 256 for a full turn; white stays white."""
_FIELD_SHARE = 1 / 3
_QUALITY = 92

Films = Mapping[str, Sequence[Path]]


@dataclass(frozen=True, kw_only=True)
class FruitClass:
    """Class of fruit with its films.

    Attributes:
        name: name of the class.
        made_from: the real variety; equal to the name for a real one.
        hue: turn of the hue; 0 for a real one.
        films: frames by film.
    """

    name: str
    made_from: str
    hue: int
    films: Films

    @property
    def is_made(self) -> bool:
        """Return True if its pictures are made of another variety's."""
        return self.hue != 0


def find_varieties(source: Path) -> dict[str, dict[str, list[Path]]]:
    """Return the frames of each variety by film, in their order, from folders {train,test}/VARIETY or VARIETY.

    A film is a variety on one axis of the turntable; the names of its frames begin with it: r, r0, r1, r2 or nothing,
    which is called r3 here.
    """
    found: dict[str, dict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))
    for path in sorted(source.rglob("*.jpg"), key=lambda each: (each.parent.name, _number(each), each.name)):
        film, _, _ = path.name.rpartition("_")[0].rpartition("_")
        found[path.parent.name][film or "r3"].append(path)
    return {variety: dict(films) for variety, films in found.items()}


def _number(path: Path) -> int:
    """Return the number of a frame in its film, such as 26 of r2_26_100.jpg."""
    numbers = [word for word in path.stem.split("_") if word.isdigit()]
    return int(numbers[0]) if numbers else 0


def choose_classes(varieties: Mapping[str, Films], count: int = CLASSES) -> list[FruitClass]:
    """Return the real classes, and as many made ones, of the varieties with most films, as it takes for `count`."""
    real = [FruitClass(name=name, made_from=name, hue=0, films=films) for name, films in sorted(varieties.items())]
    most = max(len(each.films) for each in real)
    rich = [each for each in real if len(each.films) == most]
    made = [
        FruitClass(name=f"{each.name} hue {hue} {MADE}", made_from=each.name, hue=hue, films=each.films)
        for hue in _HUES
        for each in rich
    ]
    return [*real, *made[: max(0, count - len(real))]]


def write_classes(classes: Sequence[FruitClass], folder: Path, *, frames: int, seed: int = 0) -> dict[str, int]:
    """Write `train/` and `field/` with a folder for each class, and `classes.csv`; return the numbers of pictures.

    Of the frames of each film that are evenly chosen, a third is in the field by chance: the shop weighs these fruits.

    Args:
        classes: the classes.
        folder: destination.
        frames: frames of each film at most.
        seed: random seed.
    """
    jobs = list(_jobs(classes, folder, frames, random.Random(seed)))
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda job: _write(*job), jobs))
    with (folder / "classes.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("label", "origin", "made_from", "hue", "films"))
        rows.writerows(
            (each.name, "made" if each.is_made else "real", each.made_from, each.hue, len(each.films))
            for each in classes
        )
    return {part: sum(target.is_relative_to(folder / part) for _, target, _ in jobs) for part in (TRAIN, FIELD)}


def _jobs(
    classes: Sequence[FruitClass], folder: Path, frames: int, chance: random.Random
) -> Iterator[tuple[Path, Path, int]]:
    """Yield the source, the target and the turn of the hue of each picture."""
    for each in classes:
        for film, paths in sorted(each.films.items()):
            count = min(len(paths), frames)
            for place in range(count):
                path = paths[place * len(paths) // count]
                part = FIELD if chance.random() < _FIELD_SHARE else TRAIN
                yield path, folder / part / each.name / f"{film}_{_number(path)}.jpg", each.hue


def _write(source: Path, target: Path, hue: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if not hue:
        shutil.copyfile(source, target)
        return
    with Image.open(source) as picture:
        turn_hue(picture.convert("RGB"), hue).save(target, quality=_QUALITY)


def turn_hue(picture: Image.Image, turn: int) -> Image.Image:
    """Return an RGB picture with its hue turned by `turn` of 256."""
    pixels = np.array(picture.convert("HSV"))
    pixels[..., 0] += np.uint8(turn)
    return Image.fromarray(pixels, "HSV").convert("RGB")
