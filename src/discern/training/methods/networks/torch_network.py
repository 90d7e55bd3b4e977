"""Interface of the networks that the training loop trains: an embedding, and a linear classifier on its blocks.

This module imports torch. The classifier reads each block of the embedding at unit length, as the heads of bundles do.
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from discern.bundle.heads import SMALLEST_LENGTH, Span
from discern.features.backbones import OnnxBackbone
from discern.training.method_config import WEIGHT_DECAY

_SCALE = 16.0  # of the logits of unit-length rows, so that probabilities can reach 1; not tuned


class TrainableNetwork(nn.Module):  # type: ignore[misc]  # torch is not type-checked
    """Network with a linear classifier, which a `Loop` trains.

    Its call maps pictures `[n, side, side, 3]` in 0..1 to logits `[n, K]`.

    Args:
        blocks: start and end of the embedding's blocks, "head" first.
        classes: K.

    Attributes:
        blocks: likewise.
        classifier: linear layer from unit-length blocks times a constant to logits.
        centre: float32 `[D]`, subtracted from the unit-length blocks after the first, see `unit_blocks`.
    """

    def __init__(self, blocks: Mapping[str, Span], classes: int) -> None:
        super().__init__()
        self.blocks = dict(blocks)
        width = max(end for _, end in self.blocks.values())
        self.classifier = nn.Linear(width, classes)
        self.register_buffer("centre", torch.zeros(width))

    @abstractmethod
    def embed(self, pictures: torch.Tensor) -> torch.Tensor:
        """Compute the embeddings `[n, D]` of pictures `[n, side, side, 3]` in 0..1."""

    @abstractmethod
    def to_backbone(self, *, size: int, factor: int) -> OnnxBackbone:
        """Convert all but the classifier to a backbone that reads whole pictures.

        Args:
            size: height and width of the pictures, in pixels.
            factor: number of pixels along each side of a pixel that `embed` reads.
        """

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Compute the logits of pictures."""
        return self.classify(self.embed(pictures))

    def classify(self, embedding: torch.Tensor) -> torch.Tensor:
        """Compute the logits of embeddings, in float32."""
        units = []
        for place, (start, end) in enumerate(self.blocks.values()):
            unit = functional.normalize(embedding[:, start:end].float(), eps=SMALLEST_LENGTH)
            if place:
                unit = functional.normalize(unit - self.centre[start:end], eps=SMALLEST_LENGTH)
            units.append(unit)
        logits: torch.Tensor = self.classifier(torch.cat(units, dim=1) * _SCALE)
        return logits

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return the trained parameters in groups, each with `scale`, its share of the learning rate, and its decay."""
        return group_parameters([(each, 1.0) for each in self.parameters()])

    def training_mode(self) -> None:
        """Switch to the behaviour of training steps; `eval` switches to that of predictions."""
        self.train()

    @property
    def spans(self) -> tuple[Span, ...]:
        """Return start and end of each block."""
        return tuple(self.blocks.values())

    def linear_weights(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the classifier on unit-length blocks: weight `[D, K]` and bias `[K]`, in float64."""
        weight = self.classifier.weight.detach().cpu().double().numpy().T * _SCALE
        return weight, self.classifier.bias.detach().cpu().double().numpy()

    def set_linear_weights(self, weight: np.ndarray, bias: np.ndarray, centre: np.ndarray | None = None) -> None:
        """Set the classifier on unit-length blocks: weight `[D, K]`, bias `[K]` and the centre of the blocks `[D]`."""
        with torch.no_grad():
            self.classifier.weight.copy_(torch.from_numpy(np.ascontiguousarray(weight.T / _SCALE)))
            self.classifier.bias.copy_(torch.from_numpy(np.ascontiguousarray(bias)))
            if centre is not None:
                self.centre.copy_(torch.from_numpy(np.ascontiguousarray(centre)))

    def count_parameters(self) -> int:
        """Count the trained numbers of the network."""
        return sum(each.numel() for each in self.parameters() if each.requires_grad)


def group_parameters(scaled: list[tuple[torch.Tensor, float]]) -> list[dict[str, Any]]:
    """Group parameters by their share of the learning rate and their weight decay.

    Biases and the factors of normalisations, which have one axis, do not decay.
    """
    groups: dict[tuple[float, float], dict[str, Any]] = {}
    for parameter, scale in scaled:
        if parameter.requires_grad:
            decay = WEIGHT_DECAY if parameter.ndim > 1 else 0.0
            group = groups.setdefault((scale, decay), {"params": [], "scale": scale, "weight_decay": decay})
            group["params"].append(parameter)
    return list(groups.values())
