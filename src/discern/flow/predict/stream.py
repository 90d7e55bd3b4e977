"""Functions that classify a stream of images in parallel within bounded memory."""

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


class _Pending(NamedTuple):
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


def predict_items(
    model: Model, items: Iterable[Item], *, threads: int | None = None
) -> Generator[tuple[str, Prediction | PictureError], None, None]:
    """Classify a stream of images in parallel and yield the results in order.

    At most a few dozen pictures, or a few dozen megabytes, are in memory at a time.

    Args:
        model: model loaded for one thread, as several runs in parallel are faster than one on all cores.
        items: the pictures.
        threads: number of parallel threads; None for one per core.

    Yields:
        The path of an item, and its prediction or its error.
    """
    threads = threads or count_cores()
    window = _AHEAD * _BATCH * threads
    batcher = Batcher(
        model, batching=BatchConfig(max_batch=_BATCH, max_queue=2 * window, timeout=math.inf, threads=threads)
    )
    jobs = (_submit(batcher, item) for item in items)
    try:
        # The weights limit the bytes in memory as the window limits the pictures.
        yield from results_in_order(jobs, window=window, weight=lambda each: max(1, each.bytes * window / _MOST_BYTES))
    finally:
        batcher.close()


def _submit(batcher: Batcher, item: Item) -> _Pending:
    try:
        data = item.load()
    except PictureError as error:
        return _Pending(item.path, 0, error)
    return _Pending(item.path, len(data), batcher.submit(data))
