"""Answers many askers with one model: decodes and runs on all cores, in small batches, with a queue that has an end."""

import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from discern.bundle import Model, Picture, Prediction
from discern.bundle.model import pixels_of
from discern.errors import Overloaded
from discern.inference.localisation import Localisation, localise
from discern.parallel import count_cores
from discern.picture import read_file, read_header

_RETRY_SECONDS = 1
_FAIR_SECONDS = 0.05
_LONG_QUEUE = 16


@dataclass(frozen=True, kw_only=True)
class BatchConfig:
    """How work is taken up, and how much of it may wait.

    Args:
        max_batch: pictures in one run of the graph.
        max_wait: seconds that a picture which is ready may wait for others that are being decoded; when nothing is
            being decoded nothing waits.
        queue: pictures that may wait or be worked on; the next one is refused.
        timeout: seconds after which a picture that still waits is refused.
        threads: how many decode and run at once; None: one per core.
    """

    max_batch: int = 4
    max_wait: float = 0.0
    queue: int = 128
    timeout: float = 30.0
    threads: int | None = None


@dataclass(frozen=True, kw_only=True)
class BatchResult:
    """What came of one picture.

    Attributes:
        prediction: the answer.
        seen: where in the picture it is seen, if that was asked for.
        waited: seconds until somebody took it up.
        took: seconds from then on: decoding, waiting for its batch, and the run.
    """

    prediction: Prediction
    seen: Localisation | None
    waited: float
    took: float


@dataclass(kw_only=True, eq=False)
class _Job:
    picture: Picture
    evidence: bool
    asked: float
    future: "Future[BatchResult]" = field(default_factory=Future)
    begun: float = 0.0
    ready: float = 0.0
    inputs: np.ndarray | None = None
    size: tuple[int, int] = (1, 1)


class BatcherClosed(RuntimeError):
    """The batcher takes no more pictures."""


class Batcher:
    """A model, and the threads that work for it.

    Each thread does what is next: runs the graph when a batch is full or nothing is left to decode, else decodes. So
    all cores are busy while there is work, and none is fought for. A lone picture runs on all cores at once; on a CPU
    several runs side by side, each on one core, are quicker than one after the other on all.

    Args:
        model: answers on one core; its `run` may be called by several threads.
        wide: the same model on all cores, for a picture that comes alone; None: as `model`.
        batching: how work is taken up.
    """

    def __init__(self, model: Model, *, wide: Model | None = None, batching: BatchConfig = BatchConfig()) -> None:
        self.model = model
        self.batching = batching
        self._wide = wide or model
        self._waiting: deque[_Job] = deque()
        self._ready: deque[_Job] = deque()
        self._decoding = self._pending = 0
        self._closed = False
        self._changed = threading.Condition()
        self._threads = [
            threading.Thread(target=self._work, name=f"discern-{number}", daemon=True)
            for number in range(batching.threads or count_cores())
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pending(self) -> int:
        """How many pictures wait or are worked on."""
        return self._pending

    @property
    def is_pressed(self) -> bool:
        """Whether the queue is long, and all but full."""
        return self._pending > max(_LONG_QUEUE, 0.9 * self.batching.queue)

    def submit(self, picture: Picture, *, evidence: bool = False) -> "Future[BatchResult]":
        """Ask about one picture; see `submit_all`."""
        return self.submit_all([picture], evidence=evidence)[0]

    def submit_all(self, pictures: Sequence[Picture], *, evidence: bool = False) -> "list[Future[BatchResult]]":
        """Ask about some pictures: about all of them, or about none.

        Returns:
            Futures that give the answers, or raise `PictureError` or `Overloaded`. One that is cancelled before it is
            taken up costs nothing.

        Raises:
            Overloaded: there is no room for so many.
            Closed: `close` was called.
        """
        asked = time.monotonic()
        jobs = [_Job(picture=picture, evidence=evidence, asked=asked) for picture in pictures]
        with self._changed:
            if self._closed:
                raise BatcherClosed
            if self._pending + len(jobs) > self.batching.queue:
                raise _busy()
            self._pending += len(jobs)
            self._waiting += jobs
            self._changed.notify(len(jobs))
        return [job.future for job in jobs]

    def close(self) -> None:
        """Take no more pictures, and return when all that were taken are answered."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while jobs := self._next():
            if jobs[0].inputs is None:
                self._decode(jobs[0])
            else:
                self._run(jobs)

    def _next(self) -> list[_Job]:
        """Wait for work and take it: one picture to decode, or a batch to run; nothing when all is done and closed."""
        with self._changed:
            while True:
                if len(self._ready) >= self.batching.max_batch or self._is_overdue():
                    return self._take()
                if self._waiting:
                    self._decoding += 1
                    return [self._waiting.popleft()]
                if self._ready:
                    wait = self._ready[0].ready + self.batching.max_wait - time.monotonic() if self._decoding else 0
                    if wait <= 0:
                        return self._take()
                    self._changed.wait(wait)
                elif self._closed and not self._pending:
                    self._changed.notify_all()
                    return []
                else:
                    self._changed.wait()

    def _is_overdue(self) -> bool:
        """Whether a picture that is ready has waited long enough for others, however many are still to be decoded."""
        most = max(self.batching.max_wait, _FAIR_SECONDS)
        return bool(self._ready) and time.monotonic() - self._ready[0].ready > most

    def _take(self) -> list[_Job]:
        return [self._ready.popleft() for _ in range(min(len(self._ready), self.batching.max_batch))]

    def _decode(self, job: _Job) -> None:
        job.begun = time.monotonic()
        wanted = job.future.set_running_or_notify_cancel()  # from here on nobody can take it back
        try:
            if wanted and job.begun - job.asked > self.batching.timeout:
                raise _busy()
            if wanted:
                inputs = self.model.prepare(job.picture)
                job.size = _size(job.picture) if job.evidence else job.size
                # Last, as a job with inputs goes on: one that failed must not spoil the batch of others.
                job.picture, job.inputs, job.ready = b"", inputs, time.monotonic()
        except BaseException as error:  # noqa: BLE001 - whoever asked is told
            _fail([job], error)
        with self._changed:
            self._decoding -= 1
            if job.inputs is None:
                self._pending -= 1
            else:
                self._ready.append(job)
            self._changed.notify()

    def _run(self, jobs: list[_Job]) -> None:
        model = self._wide if self._pending == 1 else self.model
        try:
            outputs = model.run(np.stack([job.inputs for job in jobs if job.inputs is not None]))
            predictions = self.model.decide(outputs["probabilities"], outputs["unknown_score"])
            now = time.monotonic()
            for job, prediction, evidence in zip(jobs, predictions, outputs["evidence"], strict=True):
                seen = self._see(evidence, prediction.label, job.size) if job.evidence else None
                answered = BatchResult(
                    prediction=prediction, seen=seen, waited=job.begun - job.asked, took=now - job.begun
                )
                job.future.set_result(answered)
        except BaseException as error:  # noqa: BLE001 - whoever asked is told
            _fail(jobs, error)
        with self._changed:
            self._pending -= len(jobs)
            self._changed.notify_all()

    def _see(self, evidence: np.ndarray, label: str, size: tuple[int, int]) -> Localisation:
        return localise(evidence[..., self.model.labels.index(label)], self.model.manifest.recipe, size)


def _size(picture: Picture) -> tuple[int, int]:
    """Width and height of an upright picture, in pixels."""
    if isinstance(picture, Image.Image):
        picture = pixels_of(picture)
    if isinstance(picture, np.ndarray):
        return picture.shape[1], picture.shape[0]
    header = read_header(picture if isinstance(picture, bytes) else read_file(Path(picture)))
    return header.width, header.height


def _fail(jobs: list[_Job], error: BaseException) -> None:
    for job in jobs:
        if not job.future.done():
            job.future.set_exception(error)


def _busy() -> Overloaded:
    return Overloaded(
        "More pictures are waiting than can be answered in time.",
        hint="Ask again in a moment, or start more workers.",
        retry_after=_RETRY_SECONDS,
    )
