"""Answers a source's pictures as they come: on all cores, in their order, few at a time."""

import math
from collections.abc import Generator, Iterable
from concurrent.futures import Future
from typing import NamedTuple

from discern.bundle import Model, Prediction
from discern.catalog import Item
from discern.errors import PictureError
from discern.inference.batch_config import BatchConfig
from discern.inference.batcher import Batcher, BatchResult
from discern.parallel import count_cores, results_in_order

_BATCH = 8
_AHEAD = 4
_MOST_BYTES = 64 << 20


class _UnderWay(NamedTuple):
    path: str
    bytes: int
    answer: "Future[BatchResult] | PictureError"

    def result(self) -> tuple[str, Prediction | PictureError]:
        if isinstance(self.answer, PictureError):
            return self.path, self.answer
        try:
            return self.path, self.answer.result().prediction
        except PictureError as error:
            return self.path, error

    def cancel(self) -> bool:
        return isinstance(self.answer, Future) and self.answer.cancel()


def answer_items(
    model: Model, items: Iterable[Item], *, threads: int | None = None
) -> Generator[tuple[str, Prediction | PictureError], None, None]:
    """Answer pictures in the order in which they come; a bad one gives its error in its place.

    Files are read one after the other, decoded and answered side by side. However many there are, no more than some
    dozens, or some dozens of megabytes, are held at a time.

    Args:
        model: loaded for one thread: several runs side by side are quicker than one on all cores.
        items: the pictures.
        threads: how many decode and run at once; None: one per core.

    Yields:
        The item's path, and its answer or what is wrong with it.
    """
    threads = threads or count_cores()
    window = _AHEAD * _BATCH * threads
    batcher = Batcher(
        model, batching=BatchConfig(max_batch=_BATCH, max_queue=2 * window, timeout=math.inf, threads=threads)
    )
    begun = (_begin(batcher, item) for item in items)
    try:
        # No more than so many pictures, and no more than so many bytes.
        yield from results_in_order(begun, window=window, weight=lambda each: max(1, each.bytes * window / _MOST_BYTES))
    finally:
        batcher.close()


def _begin(batcher: Batcher, item: Item) -> _UnderWay:
    try:
        data = item.load()
    except PictureError as error:
        return _UnderWay(item.path, 0, error)
    return _UnderWay(item.path, len(data), batcher.submit(data))
