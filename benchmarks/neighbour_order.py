"""CPU time and recall of a graph of interest points in the order of the pictures, and of points that are alike.

    python benchmarks/neighbour_order.py [--sizes 10000 50000] [--tiles 4000]

The pictures are those of benchmarks/scaling.py, with tiles of synthetic slides among them. `build` and `search` are CPU
milliseconds per picture; `recall` is the share of the matches of a sample of points that the graph finds: those of the
three nearest points that are similar enough to count. Each order is measured twice, alternately, in one process.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from scaling import write_pictures
from tiles import Tiling, cut, extent, slide

from discern.catalog import scan
from discern.grouping.neighbour_graph import order_nearby
from discern.grouping.overlaps.interest_points import find_points
from discern.grouping.overlaps.point_matches import _LEAST_COSINE, _NEIGHBOURS, build_point_graph

SAMPLE = 2000
BATCH = 4096


def write_tiles(folder: Path, count: int) -> None:
    """Write tiles that overlap by a quarter, and whose names do not tell their source."""
    folder.mkdir(parents=True)
    tiling, rng = Tiling(overlap=0.25), np.random.default_rng(0)
    sources = [slide(extent(tiling), rng) for _ in range(-(-count // (tiling.columns * tiling.rows)))]
    for tile in list(cut(sources, tiling, rng))[:count]:
        (folder / f"{tile.name}.jpg").write_bytes(tile.data)


def load_vectors(size: int, tiles: int, folder: Path) -> np.ndarray:
    write_pictures(folder / "pictures" / "many", size - tiles)
    write_tiles(folder / "pictures" / "tiles", tiles)
    catalog = scan(folder / "pictures", cache=folder / "cache")
    return np.array(find_points(catalog.thumbs, np.flatnonzero(catalog.readable)).descriptor)


def nearest_of(vectors: np.ndarray, sample: np.ndarray) -> list[set[int]]:
    """Return the matches of each point of a sample by comparing it with all."""
    found = []
    for at in sample:
        cosine = vectors @ vectors[at]
        cosine[at] = -1
        best = np.argpartition(-cosine, _NEIGHBOURS)[:_NEIGHBOURS]
        found.append(set(best[cosine[best] >= _LEAST_COSINE].tolist()))
    return found


def measure(vectors: np.ndarray, order: np.ndarray, sample: np.ndarray, exact: list[set[int]]) -> tuple[float, ...]:
    start = time.process_time()
    graph = build_point_graph(vectors, order)
    built = time.process_time()
    found = np.empty((len(vectors), _NEIGHBOURS + 1), np.int64)
    for first in range(0, len(vectors), BATCH):
        at = order[first : first + BATCH]
        found[at] = graph.search(vectors[at], _NEIGHBOURS + 1).keys.astype(np.int64)
    searched = time.process_time()
    hits = sum(len(near.intersection(found[at].tolist())) for at, near in zip(sample, exact, strict=True))
    return built - start, searched - built, hits / max(sum(map(len, exact)), 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000, 50_000])
    parser.add_argument("--tiles", type=int, default=4000, help="pictures that are tiles")
    args = parser.parse_args()
    print("pictures  order      build  search  recall")
    for size in args.sizes:
        with tempfile.TemporaryDirectory() as folder:
            vectors = load_vectors(size, args.tiles, Path(folder))
        sample = np.random.default_rng(1).integers(0, len(vectors), SAMPLE)
        exact = nearest_of(vectors, sample)
        for name in ("pictures", "nearby") * 2:
            order = np.arange(len(vectors)) if name == "pictures" else order_nearby(vectors)
            built, searched, recall = measure(vectors, order, sample, exact)
            cost = f"{1e3 * built / size:6.3f}  {1e3 * searched / size:6.3f}"
            print(f"{size:8,}  {name:8}  {cost}  {recall:6.3f}", flush=True)


if __name__ == "__main__":
    main()
