"""131 classes of fruit: real films of a turntable, and classes that are made of them by turning their colours."""

import csv
import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = 131
MADE = "(made)"
"""End of the names of classes whose pictures are made."""
_HUES = (64, 128, 192, 32, 96, 160, 224)
"""Turns of the hue, of 256 for a full turn; white stays white."""
_FILMS = 3
"""Films of a class of which one is kept for the traffic."""
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
    """Return the frames of each variety by film, from folders {train,test}/VARIETY or VARIETY.

    A film is a variety on one axis of the turntable; the names of its frames begin with it: r, r0, r1, r2 or nothing.
    """
    found: dict[str, dict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))
    for path in sorted(source.rglob("*.jpg"), key=lambda each: (each.parent.name, each.name)):
        film, _, _ = path.name.rpartition("_")[0].rpartition("_")
        found[path.parent.name][film or "first"].append(path)
    return {variety: dict(films) for variety, films in found.items()}


def choose_classes(varieties: Mapping[str, Films], count: int = CLASSES) -> list[FruitClass]:
    """Return the real classes, and as many made ones as it takes for `count`.

    Those with three films come first as material, as one of their films can be kept for the traffic.
    """
    real = [FruitClass(name=name, made_from=name, hue=0, films=films) for name, films in sorted(varieties.items())]
    material = sorted(real, key=lambda each: (-min(_FILMS, len(each.films)), each.name))
    rich = [each for each in material if len(each.films) >= _FILMS] or material
    made = [
        FruitClass(name=f"{each.name} hue {hue} {MADE}", made_from=each.name, hue=hue, films=each.films)
        for hue in _HUES
        for each in rich
    ]
    return [*real, *made[: max(0, count - len(real))]]


def write_classes(classes: Sequence[FruitClass], folder: Path, *, frames: int) -> dict[str, int]:
    """Write `train/` and `field/` with a folder for each class, and `classes.csv`; return the numbers of pictures.

    Of a class with three films, the last one is in `field/`: fruit on another side than any in training.

    Args:
        classes: the classes.
        folder: destination.
        frames: frames of each film at most, evenly chosen.
    """
    jobs = list(_jobs(classes, folder, frames))
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda job: _write(*job), jobs))
    with (folder / "classes.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("label", "origin", "made_from", "hue", "films"))
        rows.writerows(
            (each.name, "made" if each.is_made else "real", each.made_from, each.hue, len(each.films))
            for each in classes
        )
    return {part: sum(target.is_relative_to(folder / part) for _, target, _ in jobs) for part in ("train", "field")}


def _jobs(classes: Sequence[FruitClass], folder: Path, frames: int) -> Iterator[tuple[Path, Path, int]]:
    """Yield the source, the target and the turn of the hue of each picture."""
    for each in classes:
        for number, (film, paths) in enumerate(sorted(each.films.items())):
            part = "field" if number == _FILMS - 1 else "train"
            step = max(1, len(paths) / frames)
            chosen = [paths[int(place * step)] for place in range(min(frames, len(paths)))]
            for path in chosen:
                name = f"{film}_{path.stem.split('_')[-2]}.jpg"
                yield path, folder / part / each.name / name, each.hue


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
