"""What all doors share: pictures in, answers out, counted."""

import asyncio
import base64
import io
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from fastapi import Request
from PIL import Image
from starlette.requests import ClientDisconnect

from discern.errors import PictureError
from discern.inference.batcher import BatchResult
from discern.inference.localisation import Localisation
from discern.inference.model_registry import ModelRegistry
from discern.serving.web.prometheus import ServerMetrics
from discern.serving.web.request_body import RequestReader

_HEAT = (255, 120, 0)
_SIDE = 96


@dataclass(frozen=True, kw_only=True)
class InferenceService:
    """Answers pictures for the doors.

    Attributes:
        roster: the models.
        bodies: reads requests.
        figures: counts.
    """

    roster: ModelRegistry
    bodies: RequestReader
    figures: ServerMetrics

    async def answer(
        self,
        request: Request,
        pictures: Sequence[bytes] | Sequence[np.ndarray],
        *,
        model: str | None = None,
        evidence: bool = False,
    ) -> list[BatchResult | PictureError]:
        """Answer pictures, each with an answer or what is wrong with it.

        Raises:
            ClientDisconnect: whoever asked is gone; what was not begun is not done.
            NotFound: there is no such model.
            Overloaded: there is no room for all of them; then none is answered.
        """
        name = self.roster.get(model).name
        asked = self.roster.submit_all(pictures, model=name, evidence=evidence)
        answering = asyncio.gather(*map(asyncio.wrap_future, asked), return_exceptions=True)
        leaving = asyncio.ensure_future(_gone(request))
        try:
            await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
        if not answering.done():
            answering.cancel()
            with suppress(asyncio.CancelledError):
                await answering
            raise ClientDisconnect
        answers = answering.result()
        return [self._counted(name, answer) for answer in answers]

    def _counted(self, model: str, answer: BatchResult | BaseException) -> BatchResult | PictureError:
        if isinstance(answer, BatchResult):
            self.figures.note_answer(model, answer)
        elif isinstance(answer, PictureError):
            self.figures.note_refusal(answer.code)
        else:
            raise answer
        return answer


async def _gone(request: Request) -> None:
    """Wait until the asker leaves."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def answer_json(answered: BatchResult) -> dict[str, Any]:
    """An answer as every door gives it, with the heat map where that was asked for."""
    said = answered.prediction.to_json()
    if answered.seen is not None:
        said["evidence"] = {
            "label": answered.prediction.label,
            "place": answered.seen.place,
            "box": list(answered.seen.box),
            "map": _data_url(answered.seen),
        }
    return said


def _data_url(seen: Localisation) -> str:
    """The map as a PNG whose opacity is its strength, to be laid over the picture."""
    strength = Image.fromarray(np.round(seen.map * 200).astype(np.uint8)).resize(
        (_SIDE, _SIDE), Image.Resampling.BICUBIC
    )
    heat = Image.new("RGBA", strength.size, _HEAT)
    heat.putalpha(strength)
    buffer = io.BytesIO()
    heat.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
