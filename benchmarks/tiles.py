"""Links between tiles of one source, and claimed against true accuracy where labels are by lot.

    python benchmarks/tiles.py --kinds trashnet slides --overlaps .25 .5 --seed 100 --draws 10 --json tiles.json

Photographs, and synthetic slides, welds and aerial pictures, are cut into tiles. `recall` is the share of pairs of
tiles of one source that are in one group, and `wrong` counts the links between sources. Then half of the sources have
labels by lot, one for each source, and `train` states its accuracy on their tiles (`claimed`); `true` is that of the
same model on the tiles of the other sources, whose labels are by lot too. Both are .5 on average if nothing leaks. As
there are forty sources only, either deviates by .05 in one draw and their difference by .07, or by .02 on average over
ten draws. So `difference` has its `error`, the standard error of the mean, and `--quick` allows many draws: it runs
the same groups, split, head and cross-validation as `train` on features that are computed once, and skips the rest. It
also claims an accuracy with the sources as groups (`sources_known`); `leak` is what `claimed` exceeds it by.

Usage: python benchmarks/tiles.py [--draws 0] for the links alone. Needs DISCERN_TEST_DATA (default ../shared/data).
"""

import argparse
import hashlib
import io
import json
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from photographs import list_photographs
from PIL import Image, ImageOps

import discern
from discern.catalog import scan
from discern.features import extract, load_backbone
from discern.grouping import Groups, find_edges, form_groups
from discern.heads import HeadConfig
from discern.picture import choose_recipe
from discern.splitting import make_split
from discern.training import HeldOutPredictions, TrainingData
from discern.training.methods.probe import Probe

DATA = Path(os.environ.get("DISCERN_TEST_DATA", "../shared/data"))
_SAME = 0.97  # correlation of sources that may be one picture, as in furniture7
KINDS = ("furniture7", "trashnet", "imagenette160", "clothing_small", "slides", "welds", "aerial")
SIDES = {"trashnet": 112, "imagenette160": 112, "clothing_small": 112}  # of tiles, in pixels; 160 of the others


@dataclass(frozen=True, kw_only=True)
class Tiling:
    """Layout of the tiles that are cut from each source."""

    overlap: float
    names: str = "hashed"
    side: int = 160
    columns: int = 4
    rows: int = 3
    regular: bool = True
    quality: int = 92
    brightness: float = 0.0


def load_sources(kind: str, count: int, rng: np.random.Generator, shape: tuple[int, int]) -> list[Image.Image]:
    if kind in SYNTHETIC:
        return [SYNTHETIC[kind](shape, rng) for _ in range(count)]
    files = list_photographs(DATA / kind)
    found: list[Image.Image] = []
    seen: list[np.ndarray] = []
    for at in rng.permutation(len(files)):
        image = ImageOps.exif_transpose(Image.open(files[at])).convert("RGB")
        small = np.asarray(image.convert("L").resize((16, 16)), float).ravel()
        small = (small - small.mean()) / max(float(np.linalg.norm(small - small.mean())), 1e-9)
        if all(float(small @ other) < _SAME for other in seen):
            seen.append(small)
            found.append(image)
        if len(found) == count:
            break
    return found


def slide(shape: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """Stained tissue: dark nuclei on a pink ground of uneven density."""
    width, height = shape
    ground = smooth_noise(shape, rng, 24)[..., None] * np.array([14, 22, 12]) + np.array([226, 170, 200])
    ground += smooth_noise(shape, rng, 3)[..., None] * np.array([8, 12, 8])
    density = smooth_noise(shape, rng, 40)
    y, x = np.mgrid[:height, :width]
    for _ in range(width * height // 500):
        cx, cy = rng.uniform(0, width), rng.uniform(0, height)
        if density[int(cy), int(cx)] + rng.normal() < 0:
            continue
        a, b, turn = rng.uniform(3, 7), rng.uniform(3, 5), rng.uniform(0, np.pi)
        left, top = max(int(cx) - 10, 0), max(int(cy) - 10, 0)
        box = np.s_[top : top + 21, left : left + 21]
        u = (x[box] - cx) * np.cos(turn) + (y[box] - cy) * np.sin(turn)
        v = -(x[box] - cx) * np.sin(turn) + (y[box] - cy) * np.cos(turn)
        inside = np.clip(2 * (1 - (u / a) ** 2 - (v / b) ** 2), 0, 1)[..., None]
        ground[box] = ground[box] * (1 - inside) + inside * (np.array([110, 60, 140]) + rng.normal(0, 12))
    return to_image(ground, rng, 3)


def weld(shape: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """Radiograph of a weld: a rippled bright band on a grainy grey ground, with a few pores."""
    width, height = shape
    y, x = np.mgrid[:height, :width]
    centre = height * rng.uniform(0.4, 0.6) + smooth_noise((width, 1), rng, 40)[0] * 6
    band = np.exp(-(((y - centre) / (height * rng.uniform(0.12, 0.2))) ** 2))
    ripple = np.sin((x + 4 * np.cos(y / 9)) * 2 * np.pi / rng.uniform(10, 16) + smooth_noise(shape, rng, 15) * 2)
    plane = 90 + 70 * band + 7 * band * ripple + 6 * smooth_noise(shape, rng, 8) + 4 * smooth_noise(shape, rng, 2)
    for _ in range(rng.integers(4, 16)):
        cx, cy, radius = rng.uniform(0, width), height / 2 + rng.normal() * height / 8, rng.uniform(2, 5)
        plane -= 45 * np.exp(-(((x - cx) ** 2 + (y - cy) ** 2) / radius**2))
    return to_image(np.repeat(plane[..., None], 3, 2), rng, 2)


def aerial(shape: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """Fields and roads from above: regions of plain colour with grain, separated by lines."""
    width, height = shape
    y, x = np.mgrid[:height, :width]
    points = rng.uniform(0, 1, (width * height // 6000 + 8, 2)) * (width, height)
    warp = smooth_noise(shape, rng, 20) * 8
    distance = np.stack([(x + warp - px) ** 2 + (y + warp - py) ** 2 for px, py in points])
    near = np.sort(distance, axis=0)[:2] ** 0.5
    colour = rng.uniform((70, 90, 50), (150, 150, 100), (len(points), 3))[distance.argmin(axis=0)]
    colour += smooth_noise(shape, rng, 2)[..., None] * 7 + smooth_noise(shape, rng, 6)[..., None] * 6
    colour = np.where((near[1] - near[0] < rng.uniform(3, 6))[..., None], (170, 165, 150), colour)
    for _ in range(width * height // 9000):
        cx, cy, w, h = rng.uniform(0, width), rng.uniform(0, height), *rng.uniform(5, 16, 2)
        inside = (np.abs(x - cx) < w) & (np.abs(y - cy) < h)
        colour[inside] = rng.uniform(60, 220) * rng.uniform(0.8, 1.1, 3)
    return to_image(colour, rng, 2)


SYNTHETIC = {"slides": slide, "welds": weld, "aerial": aerial}


def smooth_noise(shape: tuple[int, int], rng: np.random.Generator, sigma: float) -> np.ndarray:
    noise = np.fft.rfft2(rng.normal(size=shape[::-1]))
    fy, fx = np.fft.fftfreq(shape[1])[:, None], np.fft.rfftfreq(shape[0])[None]
    noise *= np.exp(-2 * (np.pi * sigma) ** 2 * (fx**2 + fy**2))
    plane = np.fft.irfft2(noise, shape[::-1])
    return (plane - plane.mean()) / plane.std()


def to_image(values: np.ndarray, rng: np.random.Generator, grain: float) -> Image.Image:
    return Image.fromarray(np.clip(values + rng.normal(0, grain, values.shape), 0, 255).astype(np.uint8))


@dataclass(frozen=True, kw_only=True)
class Tile:
    source: int
    left: int
    top: int
    right: int
    bottom: int
    data: bytes
    name: str

    def shared(self, other: "Tile") -> float:
        if self.source != other.source:
            return 0.0
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        area = (self.right - self.left) * (self.bottom - self.top)
        return max(width, 0) * max(height, 0) / area


def extent(tiling: Tiling) -> tuple[int, int]:
    step = round(tiling.side * (1 - tiling.overlap))
    return (tiling.columns - 1) * step + tiling.side, (tiling.rows - 1) * step + tiling.side


def enlarge(image: Image.Image, width: int, height: int) -> Image.Image:
    scale = max(width / image.width, height / image.height, 1)
    return image.resize((int(np.ceil(image.width * scale)), int(np.ceil(image.height * scale))), 3)


def cut(sources: list[Image.Image], tiling: Tiling, rng: np.random.Generator, first: int = 0) -> Iterator[Tile]:
    width, height = extent(tiling)
    step = round(tiling.side * (1 - tiling.overlap))
    for number, whole in enumerate(sources, first):
        image = enlarge(whole, width, height)
        ox, oy = int(rng.integers(image.width - width + 1)), int(rng.integers(image.height - height + 1))
        for row in range(tiling.rows):
            for column in range(tiling.columns):
                left, top = ox + column * step, oy + row * step
                if not tiling.regular:
                    jitter = step // 8
                    left, top = (
                        int(np.clip(at + rng.integers(-jitter, jitter + 1), 0, limit - tiling.side))
                        for at, limit in ((left, image.width), (top, image.height))
                    )
                box = (left, top, left + tiling.side, top + tiling.side)
                tile = image.crop(box)
                if tiling.brightness:
                    gain, shift = (
                        1 + rng.uniform(-1, 1) * tiling.brightness,
                        rng.uniform(-1, 1) * tiling.brightness * 60,
                    )
                    tile = tile.point(lambda v, g=gain, s=shift: max(0, min(255, v * g + s)))
                buffer = io.BytesIO()
                tile.save(buffer, "JPEG", quality=tiling.quality)
                name = {
                    "telling": f"plate{number:02d}_r{row}_c{column}",
                    "offsets": f"s{number:02d}_x{left}_y{top}",
                    "hashed": hashlib.sha256(rng.bytes(8))
                    .hexdigest()[:12]
                    .translate(str.maketrans("0123456789", "ghijklmnop")),
                }[tiling.names]
                yield Tile(
                    source=number, left=left, top=top, right=box[2], bottom=box[3], data=buffer.getvalue(), name=name
                )


def write(tiles: list[Tile], labels: np.ndarray, folder: Path) -> dict[str, Tile]:
    placed = {}
    for tile in tiles:
        path = folder / f"lot{labels[tile.source]}" / f"{tile.name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tile.data)
        placed[path.relative_to(folder).as_posix()] = tile
    return placed


def measure_links(kind: str, tiling: Tiling, *, sources: int, seed: int) -> dict[str, Any]:
    """Count the tiles of one source that are in one group, and the links between different sources."""
    rng = np.random.default_rng([seed, round(tiling.overlap * 100), KINDS.index(kind)])
    tiles = list(cut(load_sources(kind, sources, rng, extent(tiling)), tiling, rng))
    with tempfile.TemporaryDirectory() as temporary:
        placed = write(tiles, rng.permutation(sources) % 2, Path(temporary) / "tiles")
        catalog = scan(Path(temporary) / "tiles", cache=Path(temporary) / "cache")
        started = time.process_time()
        edges = find_edges(catalog)
        seconds = time.process_time() - started
        group = form_groups(catalog, edges).group
        source = np.array([placed[path].source for path in catalog.table["path"]])
    ends = edges.select("first", "second").to_numpy()
    others = ~np.eye(len(source), dtype=bool)
    same, together = (source[:, None] == source) & others, (group[:, None] == group) & others
    return {
        "tiles": len(tiles),
        "links": len(ends),
        "wrong": int((source[ends[:, 0]] != source[ends[:, 1]]).sum()),
        "recall": round(float(together[same].mean()), 4) if same.any() else None,
        "largest": int(np.bincount(group).max()),
        "seconds": round(seconds, 2),
    }


def measure_claim(kind: str, tiling: Tiling, *, sources: int, seed: int, draws: int, cache: Path) -> dict[str, Any]:
    """Compare the accuracy that `train` states with that on tiles of other sources, where labels are by lot."""
    rng = np.random.default_rng([seed, round(tiling.overlap * 100), KINDS.index(kind)])
    tiles = list(cut(load_sources(kind, 2 * sources, rng, extent(tiling)), tiling, rng))
    claimed, true = [], []
    for draw in range(draws):
        lots = np.random.default_rng([seed, draw]).permutation(2 * sources)
        labels = np.argsort(lots) % 2
        learned = set(lots[:sources].tolist())
        with tempfile.TemporaryDirectory() as temporary:
            write([tile for tile in tiles if tile.source in learned], labels, Path(temporary) / "tiles")
            result = discern.train(Path(temporary) / "tiles", runs=Path(temporary) / "runs", cache=cache, name="tiles")
            model = discern.load(result.bundle)
            others = [tile for tile in tiles if tile.source not in learned]
            answers = [answer.label for answer in model.predict(tile.data for tile in others)]
        right = [answer == f"lot{labels[tile.source]}" for answer, tile in zip(answers, others, strict=True)]
        claimed.append(result.accuracy["leak_free"]["value"])
        true.append(float(np.mean(right)))
        print(
            f"    {kind} {tiling.overlap} {tiling.names} draw {draw}: claimed {claimed[-1]:.3f}, true {true[-1]:.3f}",
            flush=True,
        )
    return summarise(claimed, true)


def summarise(claimed: list[float], true: list[float]) -> dict[str, Any]:
    difference, draws = np.subtract(claimed, true), len(claimed)
    return {
        "claimed": round(float(np.mean(claimed)), 4),
        "true": round(float(np.mean(true)), 4),
        "difference": round(float(difference.mean()), 4),
        "error": round(float(difference.std(ddof=1) / np.sqrt(draws)), 4) if draws > 1 else None,
        "draws": [[round(a, 3), round(b, 3)] for a, b in zip(claimed, true, strict=True)],
    }


def measure_quickly(kind: str, tiling: Tiling, *, sources: int, seed: int, draws: int) -> dict[str, Any]:
    """Measure as `measure_claim` does, with the parts of `train` that the two accuracies depend on."""
    rng = np.random.default_rng([seed, round(tiling.overlap * 100), KINDS.index(kind)])
    tiles = list(cut(load_sources(kind, 2 * sources, rng, extent(tiling)), tiling, rng))
    with tempfile.TemporaryDirectory() as temporary:
        placed = write(tiles, np.zeros(2 * sources, np.int64), Path(temporary) / "tiles")
        catalog = scan(Path(temporary) / "tiles", cache=Path(temporary) / "cache")
        edges, backbone, rows = find_edges(catalog), load_backbone("lite0"), np.arange(len(catalog))
        recipe = choose_recipe(list(catalog.table.select("width", "height").iter_rows()), backbone.size)
        features = extract(catalog, rows.tolist(), backbone, recipe, cache=Path(temporary) / "cache")
        source = np.array([placed[path].source for path in catalog.table["path"]])
        ends = edges.select("first", "second").to_numpy()
        known = Groups(group=source, cross_pairs=edges.clear())
        claimed, best, true = [], [], []
        for draw in range(draws):
            lots = np.random.default_rng([seed, draw]).permutation(2 * sources)
            labels, learned = (np.argsort(lots) % 2)[source], np.isin(source, lots[:sources])
            names = [f"lot{label}" if own else None for label, own in zip(labels, learned, strict=True)]
            table = catalog.table.with_columns(pl.Series("label", names, pl.String))
            drawn = replace(catalog, table=table)
            data = TrainingData(catalog=drawn, features=features, position=rows, backbone=backbone, recipe=recipe)
            groups = form_groups(catalog, edges.filter(pl.Series(learned[ends].all(axis=1))))
            splits = make_split(drawn, groups), make_split(drawn, known)
            result, ideal = (Probe(config=HeadConfig()).fit(data, each, checkpoints=Path(temporary)) for each in splits)
            claimed.append(_share_right(result.held_out, labels))
            best.append(_share_right(ideal.held_out, labels))
            others = np.flatnonzero(~learned)
            answers = result.head.probabilities(data.rows(others)).argmax(axis=1)
            true.append(float(np.mean(answers == labels[others])))
    leak = np.subtract(claimed, best)
    row = {"sources_known": round(float(np.mean(best)), 4), "leak": round(float(leak.mean()), 4)}
    return summarise(claimed, true) | row | {"leak_error": round(float(leak.std(ddof=1) / np.sqrt(draws)), 4)}


def _share_right(held_out: HeldOutPredictions, labels: np.ndarray) -> float:
    return float(np.mean(held_out.probabilities.argmax(axis=1) == labels[held_out.rows]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", nargs="+", default=list(KINDS))
    parser.add_argument("--overlaps", nargs="+", type=float, default=[0.25, 0.5, 0.75])
    parser.add_argument("--names", nargs="+", default=["hashed", "telling"])
    parser.add_argument("--sources", type=int, default=40)
    parser.add_argument("--seed", type=int, default=100, help="0-9 are for development, 100 is reported")
    parser.add_argument("--draws", type=int, default=10, help="draws of labels; 0: links alone")
    parser.add_argument("--quick", action="store_true", help="parts of `train` on features that are computed once")
    parser.add_argument("--columns", type=int, default=4)
    parser.add_argument("--rows", type=int, default=3)
    parser.add_argument("--irregular", action="store_true", help="random offsets")
    parser.add_argument("--quality", type=int, default=92)
    parser.add_argument("--brightness", type=float, default=0.0)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = []
    for kind in options.kinds:
        for overlap in options.overlaps:
            for names in options.names:
                tiling = Tiling(
                    overlap=overlap,
                    names=names,
                    side=SIDES.get(kind, 160),
                    columns=options.columns,
                    rows=options.rows,
                    regular=not options.irregular,
                    quality=options.quality,
                    brightness=options.brightness,
                )
                row = {"kind": kind, "overlap": overlap, "names": names}
                row |= measure_links(kind, tiling, sources=options.sources, seed=options.seed)
                if options.draws and options.quick:
                    row |= measure_quickly(
                        kind, tiling, sources=options.sources, seed=options.seed, draws=options.draws
                    )
                elif options.draws:
                    with tempfile.TemporaryDirectory() as temporary:
                        cache = options.cache or Path(temporary)
                        row |= measure_claim(
                            kind, tiling, sources=options.sources, seed=options.seed, draws=options.draws, cache=cache
                        )
                rows.append(row)
                print({key: value for key, value in row.items() if key != "draws"}, flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
