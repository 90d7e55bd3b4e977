"""Functions that compute image embeddings with a backbone and cache them."""

from collections.abc import Callable, Generator, Iterable, Iterator, MutableMapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from discern.bundle import open_runtime
from discern.errors import PictureError, UsageError
from discern.features.backbones import Backbone
from discern.features.input_statistics import measure_input, open_statistics
from discern.parallel import ThreadExecutor, count_cores, map_in_order
from discern.picture import Recipe, load_input
from discern.progress import Progress, silent
from discern.store import Rows, Shelf

if TYPE_CHECKING:
    from discern.catalog import Catalog

STAGE = "features"
# Pictures per write to the cache, and files read ahead per thread; not tuned.
_CHUNK = 256
_AHEAD = 4
# Bytes of preprocessed pictures that are kept in memory; not tuned.
_KEPT_BYTES = 64 << 20


def extract(
    catalog: "Catalog",
    rows: Sequence[int] | np.ndarray,
    backbone: Backbone,
    recipe: Recipe,
    *,
    cache: Path,
    threads: int | None = None,
    keep: MutableMapping[str, np.ndarray] | None = None,
    progress: Progress = silent,
) -> Rows:
    """Compute the embeddings of catalogued images and store them in the feature cache, with statistics of the inputs.

    Each thread decodes one picture and passes it through the network on its own core: decoding overlaps with inference,
    and small batches stay in the processor's caches (twice the speed of batches of 32). Results are written every 256
    pictures, so an interrupted run continues there.

    Args:
        catalog: catalog of the pictures.
        rows: int `[n]`, row numbers, each readable; equal contents are computed once.
        backbone: network to compute the embeddings with.
        recipe: preprocessing; its size must be the backbone's.
        cache: directory of the feature cache.
        threads: number of pictures in work at a time; None for one per core.
        keep: receives the preprocessed pictures that are decoded, by content hash, up to 64 MiB, for callers that show
            them later; None to keep none.
        progress: called with the stage "features", pictures done and `len(rows)`.

    Returns:
        float32 `[n, D]`, in the order of `rows`, read from the cache on access.

    Raises:
        UsageError: the recipe has another size than the backbone, or a row has no readable picture.
        PictureError: a picture cannot be opened.
        CatalogError: a picture has changed since it was catalogued.
        StoreError: the cache cannot be written.
    """
    if recipe.size != backbone.size:
        raise UsageError(
            f"The recipe produces pictures of {recipe.size} px; the backbone {backbone.name} takes {backbone.size} px.",
            hint="Choose a recipe for the backbone's size.",
        )
    positions = np.asarray(rows, np.int64)
    contents = _contents(catalog, positions)
    shelf = Shelf(cache, f"features-{backbone.key[:32]}-{recipe.key()}", np.dtype(np.float32), shape=(backbone.width,))
    missing = shelf.missing(contents)
    cached = len(contents) - len(missing)
    progress(STAGE, cached, len(contents))
    if missing:
        contents_by_row = {int(positions[i]): contents[i] for i in missing}
        embed = _Embedder(catalog, backbone, recipe, contents_by_row, keep)
        files = catalog.read(list(contents_by_row))
        with closing(_embed_in_order(embed, files, threads or count_cores())) as embedded:
            stored = _store(embedded, shelf, open_statistics(cache, recipe))
            for done, _ in enumerate(stored, cached + 1):
                progress(STAGE, done, len(contents))
    return shelf.rows(contents)


def _contents(catalog: "Catalog", rows: np.ndarray) -> list[str]:
    unreadable = np.flatnonzero(~catalog.readable[rows])
    if len(unreadable):
        path = catalog.table["path"][int(rows[unreadable[0]])]
        raise UsageError(f"{path} cannot be read, so it has no features.", hint="Exclude unreadable rows.")
    contents: list[str] = catalog.table["content"].gather(rows).to_list()
    return contents


class _Embedder:
    """Callable that decodes an image file and computes its embedding in any thread."""

    def __init__(
        self,
        catalog: "Catalog",
        backbone: Backbone,
        recipe: Recipe,
        contents: dict[int, str],
        keep: MutableMapping[str, np.ndarray] | None,
    ) -> None:
        self._paths = catalog.table["path"]
        self._recipe = recipe
        self._contents = contents
        self._keep = keep
        self._runtime = open_runtime(backbone.graph, threads=1)

    def __call__(self, file: tuple[int, bytes]) -> tuple[str, np.ndarray, np.ndarray]:
        row, data = file
        try:
            pixels = load_input(data, self._recipe)
        except PictureError as error:
            raise type(error)(f"{self._paths[row]}: {error.message}", hint=error.hint) from error
        if self._keep is not None and (len(self._keep) + 1) * pixels.nbytes <= _KEPT_BYTES:
            self._keep[self._contents[row]] = pixels
        embedding = self._runtime.run({"pixels": pixels[None]})["embedding"][0]
        return self._contents[row], embedding, measure_input(pixels)


def _embed_in_order(
    embed: Callable[[tuple[int, bytes]], tuple[str, np.ndarray, np.ndarray]],
    files: Iterable[tuple[int, bytes]],
    threads: int,
) -> Generator[tuple[str, np.ndarray, np.ndarray]]:
    """Compute embeddings in threads and yield them in order, reading ahead within bounds."""
    with ThreadExecutor(threads, thread_name_prefix=STAGE) as executor:
        yield from map_in_order(embed, files, executor=executor, window=_AHEAD * threads + 1)


def _store(embedded: Iterable[tuple[str, np.ndarray, np.ndarray]], shelf: Shelf, statistics: Shelf) -> Iterator[str]:
    """Store embeddings and statistics of the inputs in the cache in batches, and yield the content hashes."""
    chunk: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for content, *computed in embedded:
        chunk[content] = (computed[0], computed[1])
        if len(chunk) == _CHUNK:
            _put(chunk, shelf, statistics)
            chunk.clear()
        yield content
    if chunk:
        _put(chunk, shelf, statistics)


def _put(chunk: dict[str, tuple[np.ndarray, np.ndarray]], shelf: Shelf, statistics: Shelf) -> None:
    embeddings, measured = zip(*chunk.values(), strict=True)
    statistics.put(list(chunk), np.stack(measured))
    shelf.put(list(chunk), np.stack(embeddings))
