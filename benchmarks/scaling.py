"""Time and peak memory of scanning, feature extraction and grouping, by the number of pictures.

    python benchmarks/scaling.py [--sizes 10000 30000 100000] [--side 100] [--steps scan features overlaps group]
                               [--shapes one|varied] [--backbone lite0] [--cut FOLDER]

The pictures are synthetic JPEGs of 100 px: half are distinct scenes, half are frames of films (an object on a turntable
before plain white), and one in fifty is a re-encoded copy. `--side` scales them to another width and adds noise. The
scan is compared with a bare loop over the same files that reads them and decodes to RGB with Pillow, in one thread and
in one process per core; the faster counts. On a shared machine the ratio of CPU times is more reliable: that of the
bare loop over a thousand pictures to that of the scan and its workers. By default, the backbone computes mean colours,
so that the overhead around the network is measured; `--backbone lite0` measures a real one. The step `overlaps` is a
part of `group`. With `--shapes varied`, scenes have one of four aspect ratios, so that squashed copies are sought too.
With `--cut FOLDER`, the pictures are pieces of the photographs in FOLDER instead, six of each, which share no pixel.

Each measurement runs in a separate process. Its memory is the private memory of the process and its children (`RssAnon`
of Linux, sampled five times per second): mapped pages of files do not count, because the system can reclaim them.
"""

import argparse
import contextlib
import io
import itertools
import json
import math
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from photographs import list_photographs
from PIL import Image
from process_tree import process_tree

from discern.catalog import Catalog, scan
from discern.features import extract, load_backbone
from discern.features.testing import colour_backbone
from discern.grouping import find_edges, form_groups
from discern.grouping.edges import link_films
from discern.grouping.groups import merge_groups
from discern.grouping.overlaps.overlap_finder import find_overlaps
from discern.picture import SCAN_MIN_SIDE, choose_recipe
from discern.store import Rows

SIZES = (10_000, 30_000, 100_000)
SIDE = 100
FRAMES = 100
COPIES = 50
STEPS = ("scan", "features", "overlaps", "group")
ASPECTS = (1.0, 0.75, 0.6, 0.45)
SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True, kw_only=True)
class Turntable:
    """A rotating object: an ellipsoid with a pattern.

    Attributes:
        class_number: its class; objects of one class have similar colours and shape.
        number: number of the object within the class.
    """

    class_number: int
    number: int

    def frames(self, count: int) -> Iterator[Image.Image]:
        of_class, of_object = (
            np.random.default_rng([1, self.class_number]),
            np.random.default_rng([2, self.class_number, self.number]),
        )
        pattern = self._pattern(of_class, of_object)
        shape = of_class.uniform(0.65, 1, 2) * of_object.uniform(0.92, 1, 2)
        surface, solid = _surface(shape, of_object.uniform(-0.5, 0.5))
        light = _shade(surface, of_object)
        longitude = np.arctan2(surface[..., 0], surface[..., 2]) / (2 * np.pi)
        latitude = np.arcsin(np.clip(surface[..., 1], -1, 1)) / np.pi + 0.5
        row = np.clip(latitude * pattern.shape[0], 0, pattern.shape[0] - 1).astype(np.int64)
        for frame in range(count):
            column = ((longitude + frame / count) % 1 * pattern.shape[1]).astype(np.int64) % pattern.shape[1]
            strength = light[0] + light[1] * math.sin(frame / count * 2 * math.pi)
            pixels = np.clip(pattern[row, column] * strength[..., None], 0, 255)
            yield Image.fromarray(np.where(solid[..., None], pixels, 255).astype(np.uint8))

    def _pattern(self, of_class: np.random.Generator, of_object: np.random.Generator) -> np.ndarray:
        """Return the colours around the object, float32 `[64, 128, 3]`."""
        base, other = of_class.uniform(40, 230, (2, 3)) + of_object.uniform(-12, 12, (2, 3))
        mottle = _noise(of_class.integers(3, 10), 64, of_object) * 0.7 + _noise(24, 64, of_object) * 0.3
        share = 1 / (1 + np.exp(-6 * mottle))
        return (base + (other - base) * np.concatenate([share, share[:, ::-1]], axis=1)[..., None]).astype(np.float32)


def _surface(shape: np.ndarray, tilt: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the point of the unit sphere at each pixel, float64 `[SIDE, SIDE, 3]`, and a mask of the sphere."""
    across = (np.arange(SIDE) + 0.5) / SIDE * 2 - 1
    x, y = np.meshgrid(across / shape[0] / 0.95, across / shape[1] / 0.95)
    distance = x**2 + y**2
    z = np.sqrt(np.maximum(1 - distance, 0))
    cos, sin = math.cos(tilt), math.sin(tilt)
    return np.stack([x, y * cos - z * sin, y * sin + z * cos], axis=-1), distance < 1


def _shade(surface: np.ndarray, of_object: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    lamp = np.array([of_object.uniform(-0.6, 0.6), -0.5, 0.8])
    return 0.45 + 0.6 * np.clip(surface @ (lamp / np.linalg.norm(lamp)), 0, 1), 0.05 * surface[..., 0]


def _noise(coarse: int, side: int, rng: np.random.Generator) -> np.ndarray:
    """Return smooth noise around 0, float32 `[side, side]`."""
    small = Image.fromarray(rng.standard_normal((coarse, coarse)).astype(np.float32))
    return np.asarray(small.resize((side, side), Image.Resampling.BICUBIC))


def draw_scene(number: int) -> Image.Image:
    """Draw a distinct picture: three colours and noise at two scales."""
    rng = np.random.default_rng([3, number])
    colours = rng.uniform(0, 255, (3, 3)).astype(np.float32)
    wide, fine = _noise(int(rng.integers(3, 8)), SIDE, rng), _noise(int(rng.integers(12, 40)), SIDE, rng)
    pixels = colours[0] + wide[..., None] * (colours[1] - 128) + 0.4 * fine[..., None] * (colours[2] - 128)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def enlarge(image: Image.Image, side: int) -> Image.Image:
    """Resize to side x 3/4 side pixels, and add sensor noise."""
    pixels = np.asarray(image.resize((side, side * 3 // 4), Image.Resampling.BICUBIC), np.float32)
    noise = np.random.default_rng(side).standard_normal(pixels.shape, np.float32)
    return Image.fromarray(np.clip(pixels + 4 * noise, 0, 255).astype(np.uint8))


def encode(image: Image.Image, quality: int = 88, side: int = SIDE, aspect: float = 1.0) -> bytes:
    image = image if side == SIDE else enlarge(image, side)
    if aspect < 1:
        image = image.crop((0, 0, image.width, round(image.height * aspect)))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def write_scenes_and_films(folder: Path, side: int, varied: bool, start: int, count: int) -> None:
    """Write the pictures start to start + count: scenes and films alternately, some of them re-encoded copies."""
    for block in range(start, start + count, 2 * FRAMES):
        film = block // (2 * FRAMES)
        frames = Turntable(class_number=film % 131, number=film // 131).frames(FRAMES)
        images = {f"film{film}_{at}": image for at, image in enumerate(frames)}
        images |= {f"scene{_word(block + at)}": draw_scene(block + at) for at in range(FRAMES)}
        label = folder / f"class {film % 131}"
        label.mkdir(exist_ok=True)
        names = list(images)[: start + count - block]
        for at, name in enumerate(names):
            is_copy = at % COPIES == COPIES - 1
            image = images[names[at - COPIES // 2]] if is_copy else images[name]
            aspect = ASPECTS[at % len(ASPECTS)] if varied and not name.startswith("film") and not is_copy else 1.0
            (label / f"{'copy' + _word(block + at) if is_copy else name}.jpg").write_bytes(
                encode(image, 70 if is_copy else 88, side, aspect)
            )


def write_films(folder: Path, class_number: int, count: int) -> None:
    """Write a class of a data set like Fruits-360: films of seven objects, one in Test and one in both parts."""
    for number in range(_OBJECTS):
        frames = count // _OBJECTS + (number < count % _OBJECTS)
        for at, image in enumerate(Turntable(class_number=class_number, number=number).frames(frames)):
            tested = number == 0 or (number == 1 and at % 4 == 3)
            place = folder / ("Test" if tested else "Training") / f"class {class_number}"
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{number}_{at}_{SIDE}.jpg").write_bytes(encode(image))


_OBJECTS = 7


def _word(number: int) -> str:
    """Write a number in letters, so that the name is not taken for a frame of a sequence."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def write_pictures(folder: Path, count: int, side: int = SIDE, *, varied: bool = False) -> None:
    folder.mkdir(parents=True)
    step = 2 * FRAMES
    starts = range(0, count, step)
    with ProcessPoolExecutor(os.cpu_count(), mp_context=SPAWN) as pool:
        write = partial(write_scenes_and_films, folder, side, varied)
        list(pool.map(write, starts, [min(step, count - start) for start in starts]))


def write_pieces(folder: Path, count: int, source: Path) -> None:
    """Write pieces of photographs: each is cut into three columns and two rows."""
    files = list_photographs(source)
    if len(files) * 6 < count:
        sys.exit(f"{source} has {len(files):,} photographs, which make {len(files) * 6:,} pieces")
    folder.mkdir(parents=True)
    chosen = np.random.default_rng(4).permutation(len(files))[: -(-count // 6)]
    with ProcessPoolExecutor(os.cpu_count(), mp_context=SPAWN) as pool:
        list(pool.map(partial(write_six, folder), [files[at] for at in chosen], range(0, count, 6), chunksize=64))
    for path in sorted(folder.rglob("*.jpg"))[count:]:
        path.unlink()


def write_six(folder: Path, path: Path, start: int) -> None:
    image = Image.open(path).convert("RGB")
    label = folder / f"class {start // 6 % 131}"
    label.mkdir(exist_ok=True)
    for at, (row, column) in enumerate(itertools.product(range(2), range(3))):
        ends = [image.width * column // 3, image.height * row // 2]
        ends += [image.width * (column + 1) // 3, image.height * (row + 1) // 2]
        image.crop(ends).save(label / f"{_word(start + at)}.jpg", quality=90)


def write_fruits(folder: Path, count: int, classes: int = 131) -> None:
    counts = [count // classes + (class_number < count % classes) for class_number in range(classes)]
    with ProcessPoolExecutor(os.cpu_count(), mp_context=SPAWN) as pool:
        list(pool.map(partial(write_films, folder), range(classes), counts))


def bare_loop(folder: Path) -> dict[str, float]:
    """Return pictures per second read and decoded, by threads and by processes."""
    paths = [str(path) for path in folder.rglob("*.jpg")]
    batches = [paths[start : start + 64] for start in range(0, len(paths), 64)]
    rates = {}
    pools = {"threads": ThreadPoolExecutor, "processes": partial(ProcessPoolExecutor, mp_context=SPAWN)}
    for name, pool in pools.items():
        with pool(os.cpu_count()) as workers:
            list(workers.map(decode_all, batches[: 4 * (os.cpu_count() or 1)]))  # starts all workers
            start = time.perf_counter()
            list(workers.map(decode_all, batches))
            rates[name] = len(paths) / (time.perf_counter() - start)
    return rates


def bare_seconds(folder: Path) -> float:
    """Return the CPU seconds for reading and decoding a picture, averaged over the first thousand."""
    paths = [str(path) for path in itertools.islice(folder.rglob("*.jpg"), 1000)]
    start = time.process_time()
    decode_all(paths)
    return (time.process_time() - start) / len(paths)


def decode_all(paths: list[str]) -> None:
    for path in paths:
        image = Image.open(io.BytesIO(Path(path).read_bytes()))
        image.draft("RGB", (SCAN_MIN_SIDE, SCAN_MIN_SIDE))
        image.convert("RGB").load()


def extract_features(catalog: Catalog, backbone: str, cache: Path) -> Rows:
    network = colour_backbone(size=32, mirror=False) if backbone == "colour" else load_backbone(backbone)
    rows = np.flatnonzero(catalog.readable)
    recipe = choose_recipe(list(catalog.table[rows].select("width", "height").iter_rows()), network.size)
    return extract(catalog, rows, network, recipe, cache=cache)


def run_step(step: str, folder: Path, cache: Path, backbone: str) -> dict[str, Any]:
    """Measure one step; the steps before it are cached."""
    catalog = None if step == "scan" else scan(folder, cache=cache)
    features = extract_features(catalog, backbone, cache) if step == "group" and catalog else None
    start, before = time.perf_counter(), sum(os.times()[:4])
    result: dict[str, Any] = {}
    if step == "scan":
        result["pictures"] = len(scan(folder, cache=cache))
    elif step == "features":
        assert catalog is not None
        result["numbers"] = extract_features(catalog, backbone, cache).shape[1]
    elif step == "overlaps":
        assert catalog is not None
        film = merge_groups(len(catalog), link_films(catalog)[0])
        result["links"] = len(find_overlaps(catalog, np.flatnonzero(catalog.readable), film=film).pairs)
    else:
        assert catalog is not None
        assert features is not None
        assert len(features) == len(catalog)
        edges = find_edges(catalog, embeddings=features)
        result |= {"edges": len(edges), "groups": len(form_groups(catalog, edges).sizes)}
    return result | {"seconds": time.perf_counter() - start, "cpu": sum(os.times()[:4]) - before}


def measure(step: str, folder: Path, cache: Path, backbone: str) -> dict[str, Any]:
    options = ["--step", step, "--folder", str(folder), "--cache", str(cache), "--backbone", backbone]
    with subprocess.Popen([sys.executable, __file__, *options], stdout=subprocess.PIPE, text=True) as process:
        peak = 0
        while process.poll() is None:
            peak = max(peak, sum(map(private_memory, process_tree(process.pid))))
            time.sleep(0.2)
        assert process.stdout is not None
        output = process.stdout.read()
    if process.returncode:
        sys.exit(f"{step} failed")
    return json.loads(output) | {"peak_mib": peak >> 20}


def private_memory(process: int) -> int:
    """Return the anonymous resident memory of a process in bytes."""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("RssAnon")).split()[1]) << 10
    return 0


def run(
    sizes: list[int],
    side: int,
    steps: list[str],
    backbone: str,
    workdir: Path,
    *,
    varied: bool = False,
    source: Path | None = None,
) -> list[dict[str, Any]]:
    table = []
    for size in sizes:
        folder, cache = workdir / f"pictures{size}", workdir / f"cache{size}"
        if source is None:
            write_pictures(folder, size, side, varied=varied)
        else:
            write_pieces(folder, size, source)
        bare = bare_loop(folder)
        row: dict[str, Any] = {"pictures": size, "bare": bare}
        for step in steps:
            row[step] = measure(step, folder, cache, backbone)
        row["share_of_bare"] = size / row["scan"]["seconds"] / max(bare.values())
        row["share_of_cpu"] = size * bare_seconds(folder) / row["scan"]["cpu"]
        table.append(row)
        print(
            f"{size:8,}  {max(bare.values()):9,.0f}  {row['share_of_bare']:5.2f}  {row['share_of_cpu']:6.2f}  "
            + "  ".join(
                f"{row[step]['seconds']:8.1f} s {1000 * row[step]['cpu'] / size:6.2f} ms {row[step]['peak_mib']:6,} MiB"
                for step in steps
            ),
            flush=True,
        )
        shutil.rmtree(folder)
        shutil.rmtree(cache)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    parser.add_argument("--side", type=int, default=SIDE, help="width in pixels")
    parser.add_argument("--steps", nargs="*", choices=STEPS, default=STEPS, help="must include the scan")
    parser.add_argument("--shapes", choices=("one", "varied"), default="one", help="aspect ratios of the scenes")
    parser.add_argument("--cut", type=Path, help="folder of photographs, instead of drawn pictures")
    parser.add_argument("--backbone", default="colour", help="name, ONNX file, or `colour` for mean colours")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out" / "scaling.json")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--cache", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.step:
        print(json.dumps(run_step(args.step, args.folder, args.cache, args.backbone)))
        return
    print(
        "pictures  bare loop/s  share  of cpu" + "".join(f"  {step + ', CPU ms a picture':>31}" for step in args.steps)
    )
    with tempfile.TemporaryDirectory() as workdir:
        table = run(
            args.sizes,
            args.side,
            args.steps,
            args.backbone,
            Path(workdir),
            varied=args.shapes == "varied",
            source=args.cut,
        )
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps({"backbone": args.backbone, "side": args.side, "table": table}, indent=1) + "\n")


if __name__ == "__main__":
    main()
