"""Bursts by time: pictures of one scene that are linked, and pictures of different scenes that are.

Each still of furniture7 becomes a burst of 1 to 12 frames, as in `film_borders.py`. The bursts are spread over a year
as a phone's are: some of them follow each other within seconds. Their times stand in EXIF blocks, in names, or in both.

* `recall`: share of the neighbours of one burst that end up in one group.
* `precision`: share of the neighbours in one group that are of one burst.
* Independent photographs with the times of a gallery must not be linked: in any order, class after class, a second
  apart as from a conveyor belt, or with one time in all. `shot` is the number of neighbours within ten seconds.

Criteria were chosen on the first half (`--half tune`); see `film_borders.py` for the halves.

Usage: python benchmarks/burst_links.py [--half tune|report] [--seeds 2]. Needs DISCERN_TEST_DATA.
"""

import argparse
import io
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, pairwise
from pathlib import Path

import numpy as np
from film_borders import CLASSES, DATA, FIRST_SEED, OUT, SPEEDS, make_film, stills
from photographs import list_photographs
from PIL import Image, ImageOps

from discern.catalog import Catalog, scan
from discern.grouping.films.sequences import find_sequences
from discern.grouping.groups import merge_groups

STILLS, SHOTS, PHOTOGRAPHS = 30, 12, 2000
CAMERAS = (("Google", "Pixel 7"), ("Apple", "iPhone 13"))
PACKS = {"tune": ("trashnet", "imagenette160"), "report": ("clothing_small", "furniture7", "imagenette160")}
Name = Callable[[datetime, int], str]


@dataclass(frozen=True, kw_only=True)
class Row:
    """Neighbours in time: those of one burst, those that were linked, and those that were linked rightly."""

    what: str
    neighbours: int
    shot: int
    one_burst: int
    linked: int
    right: int

    def __str__(self) -> str:
        recall = self.right / self.one_burst if self.one_burst else float("nan")
        precision = self.right / self.linked if self.linked else float("nan")
        return (
            f"{self.what:44} neighbours {self.neighbours:5}, within 10 s {self.shot:5}; "
            f"linked {self.right:4} of {self.one_burst:4}, recall {recall:5.3f}; "
            f"falsely {self.linked - self.right:3}, precision {precision:5.3f}"
        )


@dataclass(frozen=True, kw_only=True)
class Shot:
    """Picture with its place, time and burst."""

    path: str
    time: datetime
    camera: int
    burst: int


NAMES: dict[str, Name] = {
    "hash": lambda time, _: f"{np.random.default_rng(int(time.timestamp() * 1000)).bytes(8).hex()}.jpg",
    "IMG": lambda time, _: f"IMG_{time:%Y%m%d_%H%M%S}_{time.microsecond // 1000:03}.jpg",
    "PXL": lambda time, _: f"PXL_{time:%Y%m%d_%H%M%S}{time.microsecond // 1000:03}{'.MP' * (time.second % 2)}.jpg",
    "dated": lambda time, camera: f"{time:%Y-%m-%d %H.%M.%S} {'ab'[camera]}{time.microsecond // 1000:03}.jpg",
    "epoch": lambda time, _: f"{int(time.timestamp() * 1000)}.jpg",
    "WhatsApp": lambda time, _: f"WhatsApp Image {time:%Y-%m-%d at %I.%M.%S %p} ({time.microsecond // 1000}).jpeg",
}


def exif(time: datetime, camera: int) -> bytes:
    block = Image.Exif()
    block[0x010F], block[0x0110] = CAMERAS[camera]
    block.get_ifd(0x8769).update({0x9003: f"{time:%Y:%m:%d %H:%M:%S}", 0x9291: f"{time.microsecond // 1000:03}"})
    return block.tobytes()


def gallery_times(count: int, rng: np.random.Generator) -> list[datetime]:
    """Draw the times of a gallery: days with few or many pictures, and pauses of seconds to hours within a day."""
    times: list[datetime] = []
    while len(times) < count:
        time = datetime(2024, 1, 1, 8, tzinfo=UTC) + timedelta(minutes=float(rng.uniform(0, 364 * 1440)))
        for _ in range(int(rng.geometric(0.06))):
            time += timedelta(seconds=float(np.exp(rng.normal(3.5, 1.8))))
            times.append(time)
    return sorted(times[:count])


def write_bursts(folder: Path, half: str, name: Name, seed: int, *, with_exif: bool, flat: bool) -> list[Shot]:
    """Write bursts of the classes of one half, by two cameras that take turns."""
    shots: list[Shot] = []
    rng = np.random.default_rng([seed, 7])
    drawn = [(label, still) for label in CLASSES[half] for still in stills(DATA / "furniture7" / label, STILLS, rng)]
    starts = gallery_times(len(drawn), rng)
    for burst, (start, at) in enumerate(zip(starts, rng.permutation(len(drawn)), strict=True)):
        label, still = drawn[at]
        frames = int(rng.integers(2, SHOTS + 1)) if rng.random() < 0.5 else 1
        camera, pause, time = int(rng.integers(2)), float(np.exp(rng.uniform(np.log(0.1), np.log(4)))), start
        for data in make_film(still, float(rng.choice(list(SPEEDS.values()))), rng, frames=frames):
            time += timedelta(seconds=round(pause * float(rng.uniform(0.8, 1.2)), 3))
            path = f"{'all' if flat else label}/{name(time, camera)}"
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            image = Image.open(io.BytesIO(data))
            image.save(folder / path, "JPEG", quality=90, exif=exif(time, camera) if with_exif else b"")
            shots.append(Shot(path=path, time=time, camera=camera, burst=burst))
    return shots


def write_photographs(
    folder: Path, pack: str, times: list[datetime], rng: np.random.Generator, order: str
) -> list[Shot]:
    """Write photographs of a pack with times, in a random order or class after class."""
    paths = list_photographs(DATA / pack)
    chosen = [paths[at] for at in rng.permutation(len(paths))[: len(times)]]
    shots = []
    for at, (source, time) in enumerate(zip(sorted(chosen) if order == "by class" else chosen, times, strict=False)):
        image = ImageOps.exif_transpose(Image.open(source)).convert("RGB")
        image.thumbnail((256, 256))
        path = f"{source.parent.name}/{source.stem[:4]}{rng.bytes(6).hex()}.jpg"
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        image.save(folder / path, "JPEG", quality=90, exif=exif(time, 0))
        shots.append(Shot(path=path, time=time, camera=0, burst=at))
    return shots


def count_links(what: str, catalog: Catalog, shots: list[Shot]) -> Row:
    links, _ = find_sequences(catalog, np.flatnonzero(catalog.readable))
    group = dict(zip(catalog.table["path"], merge_groups(len(catalog), links).tolist(), strict=True))
    ordered = sorted(shots, key=lambda shot: (shot.camera, shot.time))
    pairs = [(a, b) for a, b in pairwise(ordered) if a.camera == b.camera]
    one = [a.burst == b.burst for a, b in pairs]
    linked = [group[a.path] == group[b.path] for a, b in pairs]
    return Row(
        what=what,
        neighbours=len(pairs),
        shot=sum(b.time - a.time <= timedelta(seconds=10) for a, b in pairs),
        one_burst=sum(one),
        linked=sum(linked),
        right=sum(a and b for a, b in zip(one, linked, strict=True)),
    )


def on_bursts(half: str, seeds: int, scratch: Path) -> Iterator[Row]:
    for name, with_exif in [("hash", True), ("IMG", True), *((name, False) for name in NAMES if name != "hash")]:
        for flat in (False, True):
            rows = []
            for seed in range(FIRST_SEED[half], FIRST_SEED[half] + seeds):
                folder = scratch / f"{name} {with_exif} {flat} {seed}"
                shots = write_bursts(folder, half, NAMES[name], seed, with_exif=with_exif, flat=flat)
                rows.append(count_links(name, scan(folder, cache=scratch / "cache"), shots))
            what = f"bursts, {name}{', EXIF' * with_exif}{', one folder' if flat else ', by class'}"
            yield Row(what=what, **{key: sum(getattr(row, key) for row in rows) for key in COUNTS})


COUNTS = ("neighbours", "shot", "one_burst", "linked", "right")


def on_photographs(half: str, scratch: Path) -> Iterator[Row]:
    start = datetime(2024, 1, 31, 9, tzinfo=UTC)
    for pack in PACKS[half]:
        rng = np.random.default_rng(FIRST_SEED[half])
        gallery = gallery_times(PHOTOGRAPHS, rng)
        belt = [start + timedelta(seconds=at) for at in range(PHOTOGRAPHS)]
        cases = (
            ("a gallery", gallery, "random"),
            ("a gallery", gallery, "by class"),
            ("a second apart", belt, "by class"),
            ("one time", [start] * PHOTOGRAPHS, "by class"),
        )
        for what, times, order in cases:
            folder = scratch / f"{pack} {what} {order}"
            shots = write_photographs(folder, pack, times, rng, order)
            catalog = scan(folder, cache=scratch / "cache")
            yield count_links(f"photographs, {pack}, {what}, {order}", catalog, shots)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=CLASSES, default="report")
    parser.add_argument("--seeds", type=int, default=2)
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        for row in chain(on_bursts(args.half, args.seeds, scratch), on_photographs(args.half, scratch)):
            print(row, flush=True)
            rows.append(asdict(row))
    OUT.mkdir(exist_ok=True)
    (OUT / f"burst_links_{args.half}.json").write_text(json.dumps({"rows": rows}, indent=1))


if __name__ == "__main__":
    main()
