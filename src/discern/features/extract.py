"""Passes pictures through a backbone, each content once, and keeps what it saw."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from discern.bundle import OnnxRuntime
from discern.errors import PictureError, UsageError
from discern.features.backbones import Backbone
from discern.parallel import ThreadExecutor, count_cores, map_in_order
from discern.picture import Recipe, load_input
from discern.progress import Progress, silent
from discern.store import Rows, Shelf

if TYPE_CHECKING:
    from discern.catalog import Catalog

STAGE = "features"
_CHUNK = 256
_AHEAD = 4


def extract(
    catalog: "Catalog",
    rows: Sequence[int] | np.ndarray,
    backbone: Backbone,
    recipe: Recipe,
    *,
    cache: Path,
    threads: int | None = None,
    progress: Progress = silent,
) -> Rows:
    """What the backbone sees in the catalog's pictures; only contents that the cache does not hold are computed.

    Each thread decodes one picture and passes it through the net on its own core: decoding overlaps with inference,
    and small batches stay in the processor's caches (twice the speed of 32 at a time). What is done is kept every 256
    pictures, so that an interrupted run continues where it was.

    Args:
        catalog: where the pictures are.
        rows: which of its rows, each readable; equal contents are computed once.
        backbone: the net.
        recipe: how a picture becomes the net's input; its size must be the net's.
        cache: the folder of the shelves.
        threads: how many pictures are worked on at a time; None: as many as there are cores.
        progress: is told the pictures done, of `len(rows)`, under the stage "features".

    Returns:
        float32 `[len(rows), D]`, in the order of `rows`, read from the cache as needed.

    Raises:
        UsageError: the recipe's size is not the net's, or a row has no readable picture.
        PictureError: a picture cannot be opened any more.
        CatalogError: a picture is no longer what was catalogued.
        StoreError: the cache cannot be written.
    """
    if recipe.size != backbone.size:
        raise UsageError(
            f"The recipe makes pictures of {recipe.size} px; the backbone {backbone.name} takes {backbone.size} px.",
            hint="Choose the recipe for the backbone's size.",
        )
    positions = np.asarray(rows, np.int64)
    contents = _contents(catalog, positions)
    shelf = Shelf(cache, f"features-{backbone.key[:32]}-{recipe.key()}", np.dtype(np.float32), shape=(backbone.width,))
    missing = shelf.missing(contents)
    kept = len(contents) - len(missing)
    progress(STAGE, kept, len(contents))
    if missing:
        wanted = {int(positions[i]): contents[i] for i in missing}
        embed = _Embedder(catalog, backbone, recipe, wanted)
        with closing(_in_order(embed, catalog.read(list(wanted)), threads or count_cores())) as embedded:
            for done, _ in enumerate(_keep(embedded, shelf), kept + 1):
                progress(STAGE, done, len(contents))
    return shelf.rows(contents)


def _contents(catalog: "Catalog", rows: np.ndarray) -> list[str]:
    unreadable = np.flatnonzero(~catalog.readable[rows])
    if len(unreadable):
        path = catalog.table["path"][int(rows[unreadable[0]])]
        raise UsageError(f"{path} cannot be read, so it has no features.", hint="Leave such rows out.")
    contents: list[str] = catalog.table["content"].gather(rows).to_list()
    return contents


class _Embedder:
    """Turns one file's bytes into its row of features; several threads share it."""

    def __init__(self, catalog: "Catalog", backbone: Backbone, recipe: Recipe, contents: dict[int, str]) -> None:
        self._paths = catalog.table["path"]
        self._recipe = recipe
        self._contents = contents
        self._runtime = OnnxRuntime(backbone.graph, threads=1)

    def __call__(self, file: tuple[int, bytes]) -> tuple[str, np.ndarray]:
        row, data = file
        try:
            pixels = load_input(data, self._recipe)
        except PictureError as error:
            raise type(error)(f"{self._paths[row]}: {error.message}", hint=error.hint) from error
        return self._contents[row], self._runtime.run({"pixels": pixels[None]})["embedding"][0]


def _in_order(
    embed: Callable[[tuple[int, bytes]], tuple[str, np.ndarray]], files: Iterable[tuple[int, bytes]], threads: int
) -> Generator[tuple[str, np.ndarray]]:
    """What `embed` gives for each file, in the order of `files`; only a few files are read ahead of the threads."""
    with ThreadExecutor(threads, thread_name_prefix=STAGE) as executor:
        yield from map_in_order(embed, files, executor=executor, window=_AHEAD * threads + 1)


def _keep(embedded: Iterable[tuple[str, np.ndarray]], shelf: Shelf) -> Iterator[str]:
    """Pass on each content, and put the features on the shelf chunk by chunk."""
    chunk: dict[str, np.ndarray] = {}
    for content, features in embedded:
        chunk[content] = features
        if len(chunk) == _CHUNK:
            shelf.put(list(chunk), np.stack(list(chunk.values())))
            chunk.clear()
        yield content
    if chunk:
        shelf.put(list(chunk), np.stack(list(chunk.values())))
