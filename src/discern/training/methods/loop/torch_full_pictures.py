"""Pictures of full size, in memory or, if they are many, in a file."""

import errno
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from discern.catalog import Catalog
from discern.errors import StoreError
from discern.parallel import ThreadExecutor, count_cores, map_in_order
from discern.picture import Recipe, load_input
from discern.progress import Progress
from discern.training.methods.loop.torch_pictures import Pictures, content_seeds

_LARGEST_IN_MEMORY = 1 << 30  # bytes; not tuned
_IN_FLIGHT = 64  # not tuned


@dataclass(frozen=True, kw_only=True, eq=False)
class FullPictures(Pictures):
    """Pictures as the recipe gives them.

    Attributes:
        pixels: uint8 `[M, side, side, 3]`.
    """

    pixels: np.ndarray

    def take(self, rows: np.ndarray) -> np.ndarray:
        """Return pictures as float32 `[m, side, side, 3]` in 0..1."""
        return np.asarray(self.pixels[rows] * np.float32(1 / 255), np.float32)


def load_full(
    catalog: Catalog,
    rows: np.ndarray,
    recipe: Recipe,
    path: Path,
    progress: Progress,
    *,
    in_memory: int = _LARGEST_IN_MEMORY,
) -> FullPictures:
    """Load pictures by the recipe; if they take more memory than allowed, they are read from a file.

    Args:
        catalog: the pictures.
        rows: int `[M]`, rows of the catalog, each readable.
        recipe: preprocessing.
        path: the file, which the caller removes.
        progress: called with the stage, pictures done and pictures in all.
        in_memory: most bytes that the pictures may take in memory.

    Raises:
        StoreError: the file cannot be written.
    """
    shape = (len(rows), recipe.size, recipe.size, 3)
    with closing(_read(catalog, rows, recipe, progress)) as pictures:
        if int(np.prod(shape)) <= in_memory:
            pixels = np.empty(shape, np.uint8)
            for place, picture in enumerate(pictures):
                pixels[place] = picture
        else:
            pixels = np.memmap(_write(path, pictures), np.uint8, mode="r", shape=shape)
    return FullPictures(factor=1, seeds=content_seeds(catalog, rows), pixels=pixels)


def _read(catalog: Catalog, rows: np.ndarray, recipe: Recipe, progress: Progress) -> Generator[np.ndarray]:
    with (
        ThreadExecutor(count_cores()) as executor,
        closing(
            map_in_order(
                lambda row: load_input(catalog.read_one(row), recipe),
                rows.tolist(),
                executor=executor,
                window=_IN_FLIGHT,
            )
        ) as loaded,
    ):
        for done, picture in enumerate(loaded, 1):
            progress("read", done, len(rows))
            yield picture


def _write(path: Path, pictures: Iterator[np.ndarray]) -> Path:
    # Written and then mapped: a mapping that grows on a full disk would end the process.
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            for picture in pictures:
                file.write(picture.tobytes())
    except OSError as error:
        path.unlink(missing_ok=True)
        reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror
        raise StoreError(
            f"The pictures cannot be written to {path}: {reason}.",
            hint="Free disk space, or train on fewer pictures or with a smaller --size.",
        ) from error
    return path
