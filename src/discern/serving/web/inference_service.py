"""Asynchronous inference service that is shared by all HTTP endpoints."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from fastapi import Request
from starlette.requests import ClientDisconnect

from discern.errors import PictureError
from discern.inference.batcher import BatchResult
from discern.inference.model_registry import ModelRegistry, ServedModel
from discern.serving.web.exchange_recorder import ExchangeRecorder
from discern.serving.web.prometheus import ServerMetrics
from discern.serving.web.request_body import RequestReader


@dataclass(frozen=True, kw_only=True)
class InferenceService:
    """Asynchronous service that classifies images for all HTTP endpoints.

    Attributes:
        registry: the served models.
        reader: reads pictures from requests.
        metrics: counts predictions and rejected pictures.
        recorder: keeps the exchanges; None for a server that keeps none.
    """

    registry: ModelRegistry
    reader: RequestReader
    metrics: ServerMetrics
    recorder: ExchangeRecorder | None = None

    async def predict(
        self,
        request: Request,
        pictures: Sequence[bytes] | Sequence[np.ndarray],
        *,
        served: ServedModel,
        evidence: bool = False,
        door: str = "rest",
        is_whole: bool = False,
    ) -> list[BatchResult | PictureError]:
        """Classify the images in an HTTP request.

        Args:
            request: the request; if its client disconnects, pictures that are not yet decoded are cancelled.
            pictures: the pictures.
            served: a model of the registry.
            evidence: also localise each prediction.
            door: endpoint that was asked, for the kept exchanges: `rest`, `sagemaker` or `v2`.
            is_whole: whether an unusable picture rejects the whole request, so that nothing is answered.

        Returns:
            A result for each picture, or its error if it is unusable.

        Raises:
            ClientDisconnect: the client disconnected.
            Overloaded: the queue has no room for all of them; then none is answered.
        """
        futures = self.registry.submit_all(pictures, served=served, evidence=evidence)
        results = asyncio.gather(*map(asyncio.wrap_future, futures), return_exceptions=True)
        disconnect = asyncio.ensure_future(_disconnected(request))
        try:
            await asyncio.wait((results, disconnect), return_when=asyncio.FIRST_COMPLETED)
        finally:
            disconnect.cancel()
        if not results.done():
            results.cancel()
            with suppress(asyncio.CancelledError):
                await results
            raise ClientDisconnect
        counted = [self._counted(served.name, result) for result in results.result()]
        if self.recorder and not (is_whole and any(isinstance(each, PictureError) for each in counted)):
            kept = await self.recorder.record(request.scope, counted, served=served, door=door)
            self.metrics.count_captured(kept)
        return counted

    def _counted(self, model: str, result: BatchResult | BaseException) -> BatchResult | PictureError:
        if isinstance(result, BatchResult):
            self.metrics.count_prediction(model, result)
        elif isinstance(result, PictureError):
            self.metrics.count_rejection(result.code)
        else:
            raise result
        return result


async def _disconnected(request: Request) -> None:
    """Wait until the client closes its connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
