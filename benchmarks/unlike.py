"""Accuracy on unlike pictures and the rate of its alarm: on packs, merged classes, and sources with labels by lot.

* `packs`: the labelled packs as they are. At most one may ring.
* `merged`: classes of a pack merged at random, so that each has some kinds. None should ring.
* `sources`: forty sources a set, each of one class drawn by lot, so that half is the truth on other sources, under
  names that tell nothing. All should ring: tiles of a photograph that do not touch (`disjoint`) or adjoin (`adjoin`),
  36 tiles (`many`), ten crops with other light (`burst`), a panning camera (`frames`), subjects with their own
  background, cast and noise (`subject`), and subjects whose class can be seen a little as well (`weak`).

Constants were chosen with `--half tune` (photographs of negatives_imagenet, seeds 1 and 2; packs merged with seeds 0 to
2) and with the tiles and subjects of seeds 11 to 13 of `--half report` (photographs of imagenette160).

Usage: python benchmarks/unlike.py [packs|merged|sources ...] [--half tune|report] [--draws 10] [--kinds disjoint ...].
Needs DISCERN_TEST_DATA (default ../shared/data).
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
from pack_features import CACHE, DATA, list_packs
from photographs import list_photographs
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter
from planted_packs import CheckedPack, prepare_pack

from discern.grouping import Groups
from discern.splitting import cross_split
from discern.training import HeldOutPredictions, TrainingData, compute_unlike

OUT = Path(__file__).parent / "out"
HALVES = {"tune": ("negatives_imagenet", 1), "report": ("imagenette160", 11)}
SOURCES = 40
MERGED = {
    "trashnet": (3, 2),
    "clothing_small": (5, 2),
    "furniture7": (3, 2),
    "imagenette160": (5, 2),
    "cifar10": (5, 2),
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """Figures of one set."""

    what: str
    pictures: int
    groups: int
    ordinary: float | None
    unlike: tuple[float | None, float | None, float | None]
    share: float | None
    fall: float | None
    controls: tuple[float, ...]
    alarm: bool | None
    seconds: float

    def __str__(self) -> str:
        if self.ordinary is None or self.fall is None:
            return f"{self.what:36} {self.pictures:5} pictures, {self.groups:4} groups: too few"
        value, low, high = self.unlike
        ends = "no interval" if low is None or high is None else f"{low:.3f} to {high:.3f}"
        return (
            f"{self.what:36} {self.pictures:5} pictures, {self.groups:4} groups: ordinary {self.ordinary:.3f}, unlike "
            f"{value:.3f} ({ends}), share {self.share:.2f}, fall {self.fall:.3f}, controls {np.mean(self.controls):.3f}"
            f" (at most {max(self.controls):.3f}), {'ALARM' if self.alarm else 'quiet'}; {self.seconds:.1f} CPU seconds"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=["packs", "merged", "sources"])
    parser.add_argument("--half", choices=HALVES, default="report")
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--kinds", nargs="*", default=list(KINDS))
    args = parser.parse_args()
    measures: dict[str, Iterator[Row]] = {
        "packs": measure_packs(),
        "merged": measure_merged(args.draws),
        "sources": measure_sources(args.kinds, args.half, args.draws),
    }
    rows = []
    for name in args.what:
        for row in measures[name]:
            rows.append(row)
            print(row, flush=True)
    for kind in sorted({row.what.split()[0] for row in rows}):
        alarms = [row.alarm for row in rows if row.what.split()[0] == kind]
        print(f"{kind:24} rang {sum(map(bool, alarms))} of {len(alarms)}")
    OUT.mkdir(exist_ok=True)
    (OUT / "unlike.json").write_text(json.dumps([vars(row) for row in rows], indent=1))


def measure_packs() -> Iterator[Row]:
    for name in list_packs():
        yield measure(name, load(name).data, load(name).groups)


def measure_merged(draws: int) -> Iterator[Row]:
    """Measure packs whose classes are merged at random; the number of merged classes alternates."""
    for name, numbers in MERGED.items():
        pack = load(name)
        for seed in range(draws):
            number = numbers[seed % len(numbers)]
            merged = np.random.default_rng(100 + seed).permutation(len(pack.catalog.labels)) % number
            label = [f"merged{merged[each]}" if each >= 0 else None for each in pack.catalog.label_index.tolist()]
            table = pack.catalog.table.with_columns(pl.Series("label", label, pl.String))
            data = replace(pack.data, catalog=replace(pack.catalog, table=table))
            yield measure(f"{name} merged to {number} ({seed})", data, pack.groups)


def measure_sources(kinds: list[str], half: str, draws: int) -> Iterator[Row]:
    photographs, first = HALVES[half]
    for kind in kinds:
        for seed in range(first, first + draws):
            with TemporaryDirectory() as folder:
                write_sources(Path(folder), kind, photographs, seed)
                pack = prepare_pack(Path(folder), CACHE)
                yield measure(f"{kind} ({photographs}, {seed})", pack.data, pack.groups)


@cache
def load(name: str) -> CheckedPack:
    return prepare_pack(DATA / name, CACHE)


def measure(what: str, data: TrainingData, groups: Groups) -> Row:
    split = cross_split(data.catalog, groups)
    rows = np.flatnonzero(split.fold >= 0)
    # The curve by distance needs predictions, the figure does not.
    sure = np.eye(len(data.catalog.labels), dtype=np.float32)[data.catalog.label_index[rows]]
    held_out = HeldOutPredictions(
        rows=rows,
        probabilities=sure,
        uncalibrated=sure,
        unknown_score=np.zeros(len(rows), np.float32),
        t_unknown=np.ones(len(rows)),
    )
    start = time.process_time()
    unlike, evidence = compute_unlike(data, split, held_out, seed=0)
    return Row(
        what=what,
        pictures=len(rows),
        groups=len(np.unique(groups.group[rows])),
        ordinary=evidence.ordinary,
        unlike=(unlike.value, unlike.low, unlike.high),
        share=unlike.share,
        fall=evidence.fall,
        controls=evidence.controls,
        alarm=unlike.alarm,
        seconds=time.process_time() - start,
    )


def write_sources(folder: Path, kind: str, photographs: str, seed: int) -> None:
    lot = np.random.default_rng(seed)
    files = list_photographs(DATA / photographs)
    labels = lot.permutation(["a", "b"] * (SOURCES // 2))
    for label, place in zip(labels, lot.permutation(len(files))[:SOURCES], strict=True):
        (folder / label).mkdir(exist_ok=True)
        for image in KINDS[kind](files[place], files, np.random.default_rng(lot.integers(2**32)), str(label)):
            image.save(folder / label / f"{lot.bytes(8).hex()}.jpg", quality=90)


def square(path: Path, side: int) -> Image.Image:
    image = Image.open(path).convert("RGB")
    short = min(image.size)
    left, top = ((extent - short) // 2 for extent in image.size)
    return image.crop((left, top, left + short, top + short)).resize((side, side), Image.Resampling.LANCZOS)


def tile(path: Path, side: int, rows: int, columns: int, gap: float) -> list[Image.Image]:
    image, width, height = square(path, side), side // columns, side // rows
    edge = int(gap * min(width, height) / 2)
    corners = [(column * width, row * height) for row in range(rows) for column in range(columns)]
    return [
        image.crop((x + edge, y + edge, x + width - edge, y + height - edge)).resize((160, 160)) for x, y in corners
    ]


def pan(path: Path, lot: np.random.Generator) -> list[Image.Image]:
    image, (x, y) = square(path, 700), lot.integers(0, 200, 2).tolist()
    corners = [(x + frame % 7 * 50, y + frame // 7 * 220) for frame in range(14)]
    return [image.crop((left, top, left + 200, top + 200)) for left, top in corners]


def shoot(path: Path, lot: np.random.Generator) -> Image.Image:
    """Crop and turn a photograph, under other light."""
    image = square(path, 448)
    if lot.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    image = image.rotate(lot.uniform(-25, 25), Image.Resampling.BICUBIC)
    side = int(448 * lot.uniform(0.45, 0.7))
    left, top = lot.integers(56, 448 - side - 55, 2).tolist()
    image = image.crop((left, top, left + side, top + side)).resize((224, 224))
    image = ImageEnhance.Brightness(image).enhance(lot.uniform(0.75, 1.25))
    return (
        ImageEnhance.Color(image).enhance(lot.uniform(0.7, 1.3)).filter(ImageFilter.GaussianBlur(lot.uniform(0, 1.2)))
    )


def photograph_subject(files: list[Path], lot: np.random.Generator, tint: np.ndarray) -> list[Image.Image]:
    """Compose pictures of one subject: its own background, colour cast, blur and noise, and an object that changes."""
    cast, noise, blur = lot.uniform(0.7, 1.3, 3) * tint, lot.uniform(2, 14), lot.uniform(0, 1.5)
    base = square(files[lot.integers(len(files))], 400).filter(ImageFilter.GaussianBlur(lot.uniform(1, 4)))
    return [_compose(base, files, lot, cast=cast, noise=noise, blur=blur) for _ in range(16)]


def _compose(
    base: Image.Image, files: list[Path], lot: np.random.Generator, *, cast: np.ndarray, noise: float, blur: float
) -> Image.Image:
    side = int(lot.integers(180, 320))
    x, y = lot.integers(0, 401 - side, 2).tolist()
    image = base.crop((x, y, x + side, y + side)).resize((224, 224))
    thing = square(files[lot.integers(len(files))], int(lot.integers(90, 140)))
    mask = Image.new("L", thing.size, 0)
    ImageDraw.Draw(mask).ellipse((0, 0, *thing.size), fill=255)
    image.paste(thing, tuple(lot.integers(0, 224 - thing.width, 2).tolist()), mask)
    pixels = np.asarray(image.filter(ImageFilter.GaussianBlur(blur)), float) * cast + lot.normal(
        0, noise, (224, 224, 3)
    )
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


PLAIN, TINTS = np.ones(3), {"a": np.array([1.12, 1, 0.9]), "b": np.array([0.9, 1, 1.12])}
KINDS: dict[str, Callable[[Path, list[Path], np.random.Generator, str], list[Image.Image]]] = {
    "disjoint": lambda path, _files, _lot, _label: tile(path, 480, 3, 4, 0.2),
    "adjoin": lambda path, _files, _lot, _label: tile(path, 480, 4, 4, 0),
    "many": lambda path, _files, _lot, _label: tile(path, 640, 6, 6, 0.1),
    "burst": lambda path, _files, lot, _label: [shoot(path, lot) for _ in range(10)],
    "frames": lambda path, _files, lot, _label: pan(path, lot),
    "subject": lambda _path, files, lot, _label: photograph_subject(files, lot, PLAIN),
    "weak": lambda _path, files, lot, label: photograph_subject(files, lot, TINTS[label]),
}


if __name__ == "__main__":
    main()
