"""BentoML with adaptive batching."""

from __future__ import annotations

import bentoml
import torch
import torch_model
from PIL.Image import Image


@bentoml.service(workers=1, traffic={"timeout": 60, "max_concurrency": 256})
class Peer:
    def __init__(self) -> None:
        self.net, self.transform = torch_model.load(), torch_model.transform()

    @bentoml.api(batchable=True, max_batch_size=8, max_latency_ms=5_000, route="/predict")
    def predict(self, file: list[Image]) -> list[list[float]]:
        batch = torch.stack([self.transform(picture.convert("RGB")) for picture in file])
        return torch_model.predict(self.net, batch)
