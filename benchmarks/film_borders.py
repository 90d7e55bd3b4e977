"""Borders between films in one numbering: found, missed and false ones, and what they mean for the accuracy.

Twelve films a class are made from stills of furniture7 by moving a window over them: it pans, zooms and turns at one of
several speeds, the light flickers, somebody may walk through, and each frame is encoded as a JPEG of its own quality.
They are numbered `bed (1).jpg` to `bed (180).jpg`. A pair of neighbours is a border if its films differ, and found if
the pair ends up in different groups of linked frames.

* `recall`: share of the borders that are found; a missed one makes two films one group.
* `precision`: share of the found ones that are borders; a false one separates frames that a split should keep together.
* Independent photographs, renumbered from 1, must not be linked at all; turntables of fruits360 and the bursts of
  banana_ripeness must stay whole.

Thresholds were chosen on the first half (`--half tune`: three classes, seeds below 200, trashnet, imagenette160's
training part and the apples); the second (`--half report`, the default) has other films and photographs, but its
classes and stills were seen while the rules were designed, so its figures are somewhat optimistic. `--train` also
trains on the films of the half, and compares the leak-free with the random-split accuracy.

Usage: python benchmarks/film_borders.py [--half tune|report] [--seeds 2] [--train]. Needs DISCERN_TEST_DATA.
"""

import argparse
import io
import json
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import chain, pairwise
from pathlib import Path

import numpy as np
from photographs import list_photographs
from PIL import Image, ImageDraw, ImageOps

import discern
from discern.catalog import Catalog, scan
from discern.grouping.films.sequences import find_sequences
from discern.grouping.groups import merge_groups

OUT = Path(__file__).parent / "out"
DATA = Path(os.environ.get("DISCERN_TEST_DATA", "../shared/data"))
SPEEDS = {"still": 0.0, "slow": 0.015, "medium": 0.05, "fast": 0.1, "very fast": 0.16}  # frame widths a frame
CLASSES = {"tune": ("bed", "chair", "cupboard"), "report": ("fridge", "sofa", "table", "tv")}
INDEPENDENT = {
    "tune": ("trashnet", "imagenette160/train"),
    "report": ("clothing_small/train", "imagenette160/val", "furniture7", "hymenoptera/train"),
}
FIRST_SEED = {"tune": 0, "report": 200}
FILMS, FRAMES, SIZE = 12, 15, (256, 192)
NAMES = ("{label} ({number}).jpg", "frame_{number:06}.jpg", "IMG_{number:04}.JPG", "x-1-{number}.jpg")


@dataclass(frozen=True, kw_only=True)
class Row:
    """Found and false borders among the neighbours of some series."""

    what: str
    neighbours: int
    borders: int
    found: int
    false: int

    @property
    def recall(self) -> float:
        return self.found / self.borders if self.borders else float("nan")

    @property
    def precision(self) -> float:
        return self.found / (self.found + self.false) if self.found + self.false else float("nan")


def stills(folder: Path, count: int, rng: np.random.Generator) -> list[Image.Image]:
    """Draw stills that are no copies of each other."""
    paths = list_photographs(folder)
    drawn: list[Image.Image] = []
    seen: list[np.ndarray] = []
    for at in rng.permutation(len(paths)):
        image = ImageOps.exif_transpose(Image.open(paths[at])).convert("RGB")
        small = np.asarray(image.resize((16, 16), Image.Resampling.BOX), np.float32)
        if min(image.size) >= 90 and all(np.abs(small - other).mean() > 12 for other in seen):
            drawn.append(image)
            seen.append(small)
        if len(drawn) == count:
            break
    return drawn


def make_film(still: Image.Image, speed: float, rng: np.random.Generator, *, frames: int = FRAMES) -> list[bytes]:
    """Move a window over a still, and return its frames as JPEGs."""
    width, height = still.size
    pad = max(still.size) // 2
    wide = Image.fromarray(np.pad(np.asarray(still), ((pad, pad), (pad, pad), (0, 0)), "reflect"))
    across = min(width, height * SIZE[0] / SIZE[1]) * rng.uniform(0.5, 0.75)
    down = across * SIZE[1] / SIZE[0]
    x, y = rng.uniform(across / 2, width - across / 2), rng.uniform(down / 2, height - down / 2)
    heading, angle, zoom = rng.uniform(0, 2 * np.pi), rng.uniform(-3, 3), 1.0
    zooming, turning = 1 + rng.uniform(-0.5, 0.5) * speed, rng.uniform(-60, 60) * speed
    walker = rng.uniform(-0.5, 1.5), rng.uniform(-0.1, 0.1) if rng.random() < 0.3 else None
    film = []
    for number in range(frames):
        frame = _window(wide, (x + pad, y + pad), (across * zoom, down * zoom), angle)
        if walker[1] is not None:
            _walk(frame, walker[0] + number * walker[1])
        film.append(_encode(frame, rng))
        step = speed * across * rng.uniform(0.6, 1.4)
        heading += rng.normal(0, 0.15)
        if not across * 0.3 < x + step * np.cos(heading) < width - across * 0.3:
            heading = np.pi - heading
        if not down * 0.3 < y + step * np.sin(heading) < height - down * 0.3:
            heading = -heading
        x = float(np.clip(x + step * np.cos(heading), across * 0.3, width - across * 0.3))
        y = float(np.clip(y + step * np.sin(heading), down * 0.3, height - down * 0.3))
        zoom = float(np.clip(zoom * zooming, 0.6, 1.5))
        angle += turning
        turning = -turning if abs(angle) > 20 else turning
    return film


def _window(wide: Image.Image, centre: tuple[float, float], extent: tuple[float, float], angle: float) -> Image.Image:
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    a, b = cosine * extent[0] / SIZE[0], -sine * extent[1] / SIZE[1]
    c, d = sine * extent[0] / SIZE[0], cosine * extent[1] / SIZE[1]
    left, top = centre[0] - (a * SIZE[0] + b * SIZE[1]) / 2, centre[1] - (c * SIZE[0] + d * SIZE[1]) / 2
    return wide.transform(SIZE, Image.Transform.AFFINE, (a, b, left, c, d, top), Image.Resampling.BICUBIC)


def _walk(frame: Image.Image, position: float) -> None:
    """Draw a dark figure that covers a seventh of the width."""
    left = position * SIZE[0]
    ImageDraw.Draw(frame).ellipse((left, 20, left + SIZE[0] / 7, SIZE[1] + 40), fill=(45, 40, 52))


def _encode(frame: Image.Image, rng: np.random.Generator) -> bytes:
    light = np.asarray(frame, np.float32) * (1 + rng.normal(0, 0.02)) + rng.normal(0, 2, (SIZE[1], SIZE[0], 1))
    buffer = io.BytesIO()
    Image.fromarray(np.clip(light, 0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=int(rng.integers(35, 93)))
    return buffer.getvalue()


def make_films(folder: Path, half: str, speeds: list[float], seed: int) -> dict[str, int]:
    """Write twelve films a class in one numbering, and return the film of each path."""
    films: dict[str, int] = {}
    for at, label in enumerate(CLASSES[half]):
        rng = np.random.default_rng([seed, at])
        name, number = NAMES[seed % len(NAMES)], 0
        (folder / label).mkdir(parents=True)
        for film, still in enumerate(stills(DATA / "furniture7" / label, FILMS, rng)):
            for frame in make_film(still, speeds[film % len(speeds)], rng):
                number += 1
                path = f"{label}/{name.format(label=label, number=number)}"
                (folder / path).write_bytes(frame)
                films[path] = film
    return films


def renumber(folder: Path, pack: str, seed: int) -> None:
    """Link the photographs of a pack in a random order, numbered from 1."""
    rng = np.random.default_rng(seed)
    for source in sorted(path for path in (DATA / pack).iterdir() if path.is_dir()):
        (folder / source.name).mkdir(parents=True)
        paths = sorted(path for path in source.iterdir() if path.suffix.lower() in {".jpg", ".jpeg", ".png"})
        for number, at in enumerate(rng.permutation(len(paths)), 1):
            (folder / source.name / f"img_{number:03}{paths[at].suffix.lower()}").symlink_to(paths[at].resolve())


def count_borders(what: str, catalog: Catalog, order: list[list[int]], film: dict[int, int]) -> Row:
    """Count the borders found among rows in their true order; rows without a film are films of their own."""
    links, _ = find_sequences(catalog, np.flatnonzero(catalog.readable))
    group = merge_groups(len(catalog), links)
    pairs = [pair for rows in order for pair in pairwise(rows)]
    border = np.array([film.get(a, -1 - a) != film.get(b, -1 - b) for a, b in pairs])
    cut = np.array([group[a] != group[b] for a, b in pairs])
    return Row(
        what=what,
        neighbours=len(pairs),
        borders=int(border.sum()),
        found=int((cut & border).sum()),
        false=int((cut & ~border).sum()),
    )


def by_folder(catalog: Catalog) -> list[list[int]]:
    """Return the rows of each folder, in the natural order of the catalog."""
    folders: dict[str, list[int]] = {}
    for row, path in enumerate(catalog.table["path"]):
        folders.setdefault(path.rpartition("/")[0], []).append(row)
    return list(folders.values())


def on_films(half: str, seeds: int, scratch: Path) -> Iterator[Row]:
    for name, speeds in {**{name: [speed] for name, speed in SPEEDS.items()}, "mixed": list(SPEEDS.values())}.items():
        rows = []
        for seed in range(FIRST_SEED[half], FIRST_SEED[half] + seeds):
            folder = scratch / f"{name} {seed}"
            films = make_films(folder, half, speeds, seed)
            catalog = scan(folder, cache=scratch / "cache")
            film = {row: films[path] for row, path in enumerate(catalog.table["path"])}
            rows.append(count_borders(name, catalog, by_folder(catalog), film))
        yield Row(what=f"films, {name}", **{key: sum(getattr(row, key) for row in rows) for key in COUNTS})


COUNTS = ("neighbours", "borders", "found", "false")


def on_photographs(half: str, scratch: Path) -> Iterator[Row]:
    for pack in INDEPENDENT[half]:
        folder = scratch / pack.replace("/", " ")
        renumber(folder, pack, FIRST_SEED[half])
        catalog = scan(folder, cache=scratch / "cache")
        yield count_borders(f"photographs, {pack}", catalog, by_folder(catalog), {})


def on_real_films(half: str, scratch: Path) -> Iterator[Row]:
    """Count the false borders in turntables, and in the bursts of banana_ripeness."""
    catalog = scan(DATA / "fruits360_varieties", cache=scratch / "cache")
    turns: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for row, path in enumerate(catalog.table["path"]):
        found = re.fullmatch(r"\w+/([^/]+)/(r\d?)_(\d+)_100\.\w+", path)
        if found and found[1].startswith("Apple") == (half == "tune"):
            turns.setdefault((found[1], found[2]), []).append((int(found[3]), row))
    order = [[row for _, row in sorted(rows)] for rows in turns.values()]
    yield count_borders("turntables, fruits360", catalog, order, {row: 0 for rows in order for row in rows})
    if half == "tune":
        catalog = scan(DATA / "banana_ripeness", cache=scratch / "cache")
        bursts: dict[str, list[int]] = {}
        for row, path in enumerate(catalog.table["path"]):
            if (found := re.fullmatch(r"(\w+)/IMG_(\d{4})\.jpg", path)) and int(found[2]) > 4040:
                bursts.setdefault(found[1], []).append(row)
        film = {row: at for at, rows in enumerate(bursts.values()) for row in rows}
        yield count_borders("bursts, banana_ripeness", catalog, list(bursts.values()), film)


def train_on_films(half: str, scratch: Path) -> dict[str, object]:
    folder = scratch / "trained"
    make_films(folder, half, list(SPEEDS.values()), FIRST_SEED[half])
    guessed = discern.train(folder, runs=scratch / "runs", cache=scratch / "cache")
    return {"leak_free": guessed.accuracy["leak_free"]["value"], "naive": guessed.accuracy["naive"]["value"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=CLASSES, default="report")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--train", action="store_true")
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        scratch, half = Path(temporary), args.half
        parts = on_films(half, args.seeds, scratch), on_photographs(half, scratch), on_real_films(half, scratch)
        for row in chain(*parts):
            print(
                f"{row.what:36} borders {row.found:4} of {row.borders:4}, recall {row.recall:5.3f}; "
                f"false {row.false:3} of {row.neighbours - row.borders:4}, precision {row.precision:5.3f}",
                flush=True,
            )
            rows.append(asdict(row))
        trained = train_on_films(args.half, scratch) if args.train else None
        if trained:
            print(f"train: leak-free {trained['leak_free']:.3f}, random split {trained['naive']:.3f}")
    OUT.mkdir(exist_ok=True)
    (OUT / f"film_borders_{args.half}.json").write_text(json.dumps({"rows": rows, "trained": trained}, indent=1))


if __name__ == "__main__":
    main()
