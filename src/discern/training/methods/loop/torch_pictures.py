"""Pictures as a network reads them."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from discern.catalog import Catalog
from discern.parallel import ThreadExecutor, count_cores, map_in_order
from discern.picture import Recipe, load_input
from discern.progress import Progress

_SMALL_SIDE = 64  # not tuned: pixels that a small network reads
_MOST_REDUCED = 16  # 255 x 16 x 16 is the largest such sum in 16 bits
_IN_FLIGHT = 64  # not tuned


def reduction_of(size: int) -> int:
    """Return the whole factor by which pictures are reduced: the largest that divides the size and keeps 64 pixels."""
    most = min(max(size // _SMALL_SIDE, 1), _MOST_REDUCED)
    return max(factor for factor in range(1, most + 1) if size % factor == 0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Pictures(ABC):
    """Pictures of a fit, and the content that their augmentation follows.

    Attributes:
        factor: number of pixels of a picture along each side of a pixel that the network reads.
        seeds: uint64 `[M]`, taken from the content hashes.
    """

    factor: int
    seeds: np.ndarray

    def __len__(self) -> int:
        return len(self.seeds)

    @abstractmethod
    def take(self, rows: np.ndarray) -> np.ndarray:
        """Return pictures as float32 `[m, side, side, 3]` in 0..1."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ReducedPictures(Pictures):
    """Pictures in memory, reduced by a whole factor of at most 16.

    Attributes:
        sums: uint16 `[M, side, side, 3]`, sum of the pixels under each reduced pixel, so that nothing is rounded.
    """

    sums: np.ndarray

    def take(self, rows: np.ndarray) -> np.ndarray:
        """Return pictures as float32 `[m, side, side, 3]` in 0..1."""
        return np.asarray(self.sums[rows] * np.float32(1 / (255 * self.factor**2)), np.float32)


def load_reduced(catalog: Catalog, rows: np.ndarray, recipe: Recipe, progress: Progress) -> ReducedPictures:
    """Load pictures by the recipe and reduce them."""
    factor = reduction_of(recipe.size)
    side = recipe.size // factor
    sums = np.empty((len(rows), side, side, 3), np.uint16)

    def load(row: int) -> np.ndarray:
        pixels = load_input(catalog.read_one(int(row)), recipe)
        reduced: np.ndarray = pixels.reshape(side, factor, side, factor, 3).sum(axis=(1, 3), dtype=np.uint16)
        return reduced

    with ThreadExecutor(count_cores()) as executor:
        loaded = map_in_order(load, rows.tolist(), executor=executor, window=_IN_FLIGHT)
        for place, picture in enumerate(loaded):
            sums[place] = picture
            progress("read", place + 1, len(rows))
    return ReducedPictures(sums=sums, factor=factor, seeds=content_seeds(catalog, rows))


def content_seeds(catalog: Catalog, rows: np.ndarray) -> np.ndarray:
    """Return a seed for each picture, which follows its content: uint64 `[M]`."""
    content, _ = catalog.hashes(rows)
    return np.array([int(str(each)[:16], 16) for each in content], np.uint64)
