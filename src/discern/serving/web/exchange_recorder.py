"""Recorder of the exchanges of a server: each is appended to a spool before its response is sent."""

import asyncio
import hashlib
import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from starlette.types import Scope

from discern.errors import DiscernError, Overloaded, PictureError
from discern.inference.batcher import BatchResult
from discern.inference.build_exchanges import build_exchanges
from discern.inference.capture_sink import CaptureSink
from discern.inference.exchange import Exchange, Feedback
from discern.inference.feedback_request import unknown_exchange
from discern.inference.known_labels import KnownLabels
from discern.inference.model_registry import ModelRegistry, ServedModel
from discern.serving.web.recent_answers import RecentAnswers
from discern.serving.web.scope_keys import CLIENT, CLIENT_ID

# benchmarks/watching_serving.py: 0.2 ms for a picture of 27 kB, and 0.5 ms more in a thread.
_MAX_QUICK, _QUICK_BYTES = 4, 250_000
_WRITERS = 2  # not tuned: a picture that must be encoded again does not hold up the others
_CLOSE_SECONDS = 5.0  # not tuned
_RETRY_SECONDS = 5
_DIGITS = 16
_KEY = "key:"

_TICK_SECONDS, _LOG_SECONDS = 1.0, 60.0  # not tuned
_LOG = logging.getLogger("discern.serving")

Value = TypeVar("Value")


class ExchangeRecorder:
    """Recorder of the exchanges of one server process.

    Args:
        registry: the served models.
        open_sink: opens the sink; called once, by `open`.
        find: returns an exchange by its identifier from the spool or the store, or None; raises a `DiscernError` if the
            store cannot be asked.
        waiting_bytes: returns the size of the spool of all processes.
        salt: random bytes that keep the digests of clients' addresses from being guessed.
        close_seconds: time that closing the sink may take; what is left is passed on at the next start.
    """

    def __init__(
        self,
        registry: ModelRegistry,
        *,
        open_sink: Callable[[], CaptureSink],
        find: Callable[[str], Exchange | None],
        waiting_bytes: Callable[[], int],
        salt: bytes,
        close_seconds: float = _CLOSE_SECONDS,
    ) -> None:
        self._registry = registry
        self._open_sink = open_sink
        self._find = find
        self.waiting_bytes = waiting_bytes
        self._salt, self._close_seconds = salt, close_seconds
        self._sink: CaptureSink | None = None
        self._answered = RecentAnswers()
        self._labels: dict[str, KnownLabels] = {}
        self._writers = ThreadPoolExecutor(_WRITERS, thread_name_prefix="discern-capture")

    def open(self) -> None:
        """Open the sink.

        Raises:
            DiscernError: it cannot be used.
        """
        self._sink = self._open_sink()

    @property
    def sink(self) -> CaptureSink | None:
        """Return the sink, or None before it is open."""
        return self._sink

    async def record(
        self, scope: Scope, results: Sequence[BatchResult | PictureError], *, served: ServedModel, door: str
    ) -> int:
        """Append the exchanges of a request to the spool, and return how many were kept.

        Args:
            scope: ASGI scope of the request.
            results: results of its pictures; errors are left out.
            served: the model that was asked.
            door: endpoint that was asked: `rest`, `sagemaker` or `v2`.
        """
        answered = [each for each in results if isinstance(each, BatchResult)]
        if not answered or self._sink is None:
            return 0
        for each in answered:
            labels = self._labels_of(each.prediction.model["fingerprint"], served)
            self._answered.add([each.prediction.id], labels)
        keep = partial(self._keep, self._sink, answered, served, door, self.client(scope), scope.get(CLIENT_ID))
        return keep() if _is_quick(self._sink, answered) else await self._in_thread(keep)

    async def labels_of(self, exchange: str) -> KnownLabels:
        """Return the classes of the model that gave an answer.

        Raises:
            NotFound: no answer has this identifier.
            Overloaded: this cannot be looked up now.
        """
        known = self._answered.get(exchange)
        if known is not None:
            return known
        try:
            found = await self._in_thread(partial(self._find, exchange))
        except DiscernError as error:
            raise Overloaded(
                "The store of the answers cannot be read now.", hint="Retry in a moment.", retry_after=_RETRY_SECONDS
            ) from error
        if found is None:
            raise unknown_exchange(exchange)
        return self._labels.get(found.bundle) or KnownLabels(found.prediction.get("probabilities", ()))

    async def keep_feedback(self, feedback: Feedback) -> bool:
        """Append feedback to the spool, and return True if it was kept."""
        return self._sink is not None and await self._in_thread(partial(self._sink.keep_feedback, feedback))

    def client(self, scope: Scope) -> str:
        """Return the name of a request's API key, or a digest of its client's address."""
        client = str(scope.get(CLIENT, ""))
        if not client or client.startswith(_KEY):
            return client.removeprefix(_KEY)
        return hashlib.sha256(self._salt + client.encode()).hexdigest()[:_DIGITS]

    async def close(self) -> None:
        """Pass on what is still waiting, for some seconds at most."""
        if self._sink is None:
            return
        # A thread that the end of the process does not wait for.
        thread = threading.Thread(target=self._sink.close, name="capture-close", daemon=True)
        thread.start()
        await asyncio.to_thread(thread.join, self._close_seconds)
        self._writers.shutdown(wait=False)

    async def _in_thread(self, call: Callable[[], Value]) -> Value:
        return await asyncio.get_running_loop().run_in_executor(self._writers, call)

    def _labels_of(self, fingerprint: str, served: ServedModel) -> KnownLabels:
        """Return the classes of a model, which may have been reloaded since the request started."""
        known = self._labels.get(fingerprint)
        if known is None:
            current = served if served.model.fingerprint == fingerprint else self._registry.get(served.name)
            known = self._labels[fingerprint] = KnownLabels.of(current.model.manifest)
        return known

    @staticmethod
    def _keep(sink: CaptureSink, answered: Sequence[BatchResult], *request: Any) -> int:
        served, door, client, client_id = request
        exchanges = build_exchanges(
            answered,
            model=served.name,
            door=door,
            client=client,
            client_id=client_id,
            sink=sink,
            now=time.time(),
            limits=served.model.limits,
        )
        return sink.keep(exchanges)


def _is_quick(sink: CaptureSink, answered: Sequence[BatchResult]) -> bool:
    """Return True if a request's exchanges are built and written in less time than another thread costs."""
    if len(answered) > _MAX_QUICK:
        return False
    pictures = [each.captured.stripped for each in answered if each.captured and sink.keeps_pictures]
    return all(pictures) and sum(len(each.data) for each in pictures if each) <= _QUICK_BYTES


async def report_losses(recorder: ExchangeRecorder, *, tick: float = _TICK_SECONDS) -> None:
    """Log what could not be kept, at most once a minute.

    Args:
        recorder: the recorder.
        tick: seconds between two looks at its losses.
    """
    reported, last = 0, -math.inf
    while True:
        await asyncio.sleep(tick)
        lost = recorder.sink.lost if recorder.sink else 0
        if lost > reported and time.monotonic() - last >= _LOG_SECONDS:
            _LOG.warning("%d exchanges could not be kept, %d since the start", lost - reported, lost)
            reported, last = lost, time.monotonic()
