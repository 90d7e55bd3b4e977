"""Dynamic batcher that decodes and classifies queued images in several threads."""

import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np

from discern.bundle import Model, Picture, Prediction
from discern.bundle.picture_input import content_of
from discern.errors import Overloaded, PictureError
from discern.inference.batch_config import BatchConfig
from discern.inference.captured_picture import CapturedPicture, capture_picture
from discern.inference.localisation import Localisation, localise
from discern.parallel import count_cores
from discern.picture import read_header

_RETRY_SECONDS = 1
_MAX_READY_SECONDS = 0.05  # not tuned: longer than a run of the graph, much shorter than a client's timeout
_LONG_QUEUE = 16


@dataclass(frozen=True, kw_only=True)
class BatchResult:
    """Prediction for one image, with the time spent in the queue and in computation.

    Attributes:
        prediction: the prediction.
        localisation: the region that supports the predicted label, if requested.
        queue_seconds: time in the queue.
        compute_seconds: time from then on: decoding, waiting for the batch, and the run.
        embedding: float32 `[D]`, the model's output `embedding`, if it is captured.
        captured: the picture with its digest and statistics, if it is captured.
    """

    prediction: Prediction
    localisation: Localisation | None
    queue_seconds: float
    compute_seconds: float
    embedding: np.ndarray | None = None
    captured: CapturedPicture | None = None


@dataclass(kw_only=True, eq=False)
class _Job:
    picture: Picture
    evidence: bool
    submitted: float
    future: "Future[BatchResult]" = field(default_factory=Future)
    started: float = 0.0
    ready: float = 0.0
    inputs: np.ndarray | None = None
    size: tuple[int, int] = (1, 1)
    captured: CapturedPicture | None = None


class BatcherClosed(RuntimeError):
    """Error raised when an image is submitted to a closed batcher."""


class Batcher:
    """Dynamic batcher that decodes and classifies queued images in several threads.

    Each thread runs the graph when a batch is full or nothing is left to decode; otherwise it decodes. So all cores are
    busy while there is work, without contention. A lone picture runs on all cores; on a CPU several single-threaded
    runs in parallel are faster than consecutive runs on all cores.

    Args:
        model: single-threaded model, whose `run` may be called by several threads.
        multithreaded: the same model on all cores, for a lone picture; None: use `model`.
        batching: batch size, queue length and timeouts, and whether results are captured.
    """

    def __init__(
        self,
        model: Model,
        *,
        multithreaded: Model | None = None,
        batching: BatchConfig = BatchConfig(),  # noqa: B008 - frozen
    ) -> None:
        self.model = model
        self.batching = batching
        self._multithreaded = multithreaded or model
        self._queue: deque[_Job] = deque()
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
        """Return the number of images that are queued or in progress."""
        return self._pending

    @property
    def is_nearly_full(self) -> bool:
        """Return True if the queue is long and more than 90 % full."""
        return self._pending > max(_LONG_QUEUE, 0.9 * self.batching.max_queue)

    def submit(self, picture: Picture, *, evidence: bool = False) -> "Future[BatchResult]":
        """Submit one image for classification (see `submit_all`)."""
        return self.submit_all([picture], evidence=evidence)[0]

    def submit_all(self, pictures: Sequence[Picture], *, evidence: bool = False) -> "list[Future[BatchResult]]":
        """Submit several images for classification, all or none.

        Args:
            pictures: the pictures.
            evidence: also localise each prediction.

        Returns:
            Futures of the results; they raise `PictureError` or `Overloaded`. One that is cancelled before its picture
            is decoded costs nothing.

        Raises:
            Overloaded: the queue has no room for all of them.
            BatcherClosed: `close` was called.
        """
        now = time.monotonic()
        jobs = [_Job(picture=picture, evidence=evidence, submitted=now) for picture in pictures]
        with self._changed:
            if self._closed:
                raise BatcherClosed
            if self._pending + len(jobs) > self.batching.max_queue:
                raise _overloaded()
            self._pending += len(jobs)
            self._queue += jobs
            self._changed.notify(len(jobs))
        return [job.future for job in jobs]

    def close(self) -> None:
        """Reject new images and wait for all submitted ones."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while jobs := self._next_jobs():
            if jobs[0].inputs is None:
                self._decode(jobs[0])
            else:
                self._run(jobs)

    def _next_jobs(self) -> list[_Job]:
        """Wait for an image to decode or a batch to run, or return an empty list once closed and drained."""
        with self._changed:
            while True:
                if len(self._ready) >= self.batching.max_batch or self._is_overdue():
                    return self._take_batch()
                if self._queue:
                    self._decoding += 1
                    return [self._queue.popleft()]
                if self._ready:
                    wait = self._ready[0].ready + self.batching.max_wait - time.monotonic() if self._decoding else 0
                    if wait <= 0:
                        return self._take_batch()
                    self._changed.wait(wait)
                elif self._closed and not self._pending:
                    self._changed.notify_all()
                    return []
                else:
                    self._changed.wait()

    def _is_overdue(self) -> bool:
        """Check whether a decoded image has waited too long for its batch."""
        limit = max(self.batching.max_wait, _MAX_READY_SECONDS)
        return bool(self._ready) and time.monotonic() - self._ready[0].ready > limit

    def _take_batch(self) -> list[_Job]:
        return [self._ready.popleft() for _ in range(min(len(self._ready), self.batching.max_batch))]

    def _decode(self, job: _Job) -> None:
        job.started = time.monotonic()
        active = job.future.set_running_or_notify_cancel()  # from here on it cannot be cancelled
        try:
            if active and job.started - job.submitted > self.batching.timeout:
                raise _overloaded()
            if active:
                content = content_of(job.picture, limits=self.model.limits)  # an open file can be read once
                inputs = self.model.prepare(content)
                if self.batching.capture:
                    job.captured = capture_picture(content, inputs, limits=self.model.limits)
                    job.size = job.captured.width, job.captured.height
                elif job.evidence:
                    job.size = _upright_size(content)
                # Assigned last: a job with inputs joins a batch, and one that failed must not spoil it.
                job.inputs, job.ready = inputs, time.monotonic()
        except PictureError as error:
            # Its frames hold the picture, and one another, until garbage is collected.
            _fail([job], error.with_traceback(None))
        except BaseException as error:  # noqa: BLE001 - passed on through the future
            _fail([job], error)
        job.picture = b""
        with self._changed:
            self._decoding -= 1
            if job.inputs is None:
                self._pending -= 1
            else:
                self._ready.append(job)
            self._changed.notify()

    def _run(self, jobs: list[_Job]) -> None:
        model = self._multithreaded if self._pending == 1 else self.model
        try:
            outputs = model.run(np.stack([job.inputs for job in jobs if job.inputs is not None]))
            predictions = self.model.decide(outputs["probabilities"], outputs["unknown_score"])
            now = time.monotonic()
            rows = zip(jobs, predictions, outputs["evidence"], outputs["embedding"], strict=True)
            for job, prediction, evidence, embedding in rows:
                result = BatchResult(
                    prediction=prediction,
                    localisation=self._localise(evidence, prediction.label, job.size) if job.evidence else None,
                    queue_seconds=job.started - job.submitted,
                    compute_seconds=now - job.started,
                    embedding=embedding.copy() if job.captured else None,
                    captured=job.captured,
                )
                job.future.set_result(result)
        except BaseException as error:  # noqa: BLE001 - passed on through the futures
            _fail(jobs, error)
        with self._changed:
            self._pending -= len(jobs)
            self._changed.notify_all()

    def _localise(self, evidence: np.ndarray, label: str, size: tuple[int, int]) -> Localisation:
        return localise(evidence[..., self.model.labels.index(label)], self.model.manifest.recipe, size)


def _upright_size(content: bytes | np.ndarray) -> tuple[int, int]:
    """Return the width and height of an upright image in pixels."""
    if isinstance(content, np.ndarray):
        return content.shape[1], content.shape[0]
    header = read_header(content)
    return header.width, header.height


def _fail(jobs: list[_Job], error: BaseException) -> None:
    for job in jobs:
        if not job.future.done():
            job.future.set_exception(error)


def _overloaded() -> Overloaded:
    return Overloaded(
        "The queue is full: more pictures are waiting than can be predicted in time.",
        hint="Retry in a moment, or start more workers.",
        retry_after=_RETRY_SECONDS,
    )
