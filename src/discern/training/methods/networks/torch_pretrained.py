"""Pretrained networks that are trained further, with the same embedding as their frozen backbones.

This module imports torch.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from discern.bundle.heads import Span
from discern.features.backbones import BackboneOrigin, OnnxBackbone
from discern.training.methods.networks.torch_network import TrainableNetwork, group_parameters

_LEVELS = 8  # parts of the network, from the stem on, each with its learning rate; not tuned


class PretrainedNetwork(TrainableNetwork):
    """Pretrained network with a new classifier.

    In evaluation, an embedding is the mean over the views of the backbone; a training step sees one view.

    Args:
        trunk: all layers but the classifier, in the order of their depth.
        blocks: start and end of the embedding's blocks, "head" first.
        classes: number of classes.
        mirror: whether the views are a picture and its mirror image.
        stem_scale: learning rate of the first layer, relative to that of the classifier.
        frozen_levels: number of eighths of the layers, from the stem on, that are not trained.
        freeze_statistics: whether batch normalisation keeps the statistics of the pretraining.
    """

    def __init__(
        self,
        trunk: nn.Module,
        blocks: Mapping[str, Span],
        classes: int,
        *,
        mirror: bool,
        stem_scale: float = 1.0,
        frozen_levels: int = 0,
        freeze_statistics: bool = False,
    ) -> None:
        super().__init__(blocks, classes)
        self.trunk = trunk.to(memory_format=torch.channels_last)
        self._mirror, self._stem_scale, self._freeze_statistics = mirror, stem_scale, freeze_statistics
        layers = list(self.trunk.parameters())
        self._levels = [(layer, place * _LEVELS // len(layers)) for place, layer in enumerate(layers)]
        for layer, level in self._levels:
            layer.requires_grad_(level >= frozen_levels)

    @classmethod
    @abstractmethod
    def load(cls, backbone: OnnxBackbone, origin: BackboneOrigin, classes: int, **options: Any) -> Self:
        """Load the network of a backbone with its pretrained weights; `options` are those of `PretrainedNetwork`."""

    @abstractmethod
    def normalise(self, pictures: torch.Tensor) -> torch.Tensor:
        """Normalise pictures `[n, 3, side, side]` in 0..1 as in the pretraining."""

    @abstractmethod
    def features(self, pixels: torch.Tensor) -> torch.Tensor:
        """Compute the embeddings of normalised pictures, each of one view."""

    def embed(self, pictures: torch.Tensor) -> torch.Tensor:
        """Compute the embeddings of pictures, as `TrainableNetwork.embed`."""
        pixels = self.normalise(pictures.permute(0, 3, 1, 2)).contiguous(memory_format=torch.channels_last)
        embedding = self.features(pixels)
        if self._mirror and not self.training:
            embedding = (embedding + self.features(pixels.flip(3))) / 2
        return embedding

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return the parameters in groups whose learning rates grow from the stem to the classifier."""
        scaled = [(layer, self._stem_scale ** (1 - level / _LEVELS)) for layer, level in self._levels]
        return group_parameters([*scaled, *((each, 1.0) for each in self.classifier.parameters())])

    def training_mode(self) -> None:
        """Switch to the behaviour of training steps, except for statistics that are frozen."""
        self.train()
        for layer in self.trunk.modules():
            if isinstance(layer, _BatchNorm) and (self._freeze_statistics or not layer.weight.requires_grad):
                layer.eval()


def trained_further(frozen: OnnxBackbone, graph: bytes) -> OnnxBackbone:
    """Describe the graph of a network that was trained further than its frozen backbone, unless both are equal."""
    if graph == frozen.graph:
        return frozen
    pretraining = f"{frozen.pretraining}; then trained on the pictures of this model"
    return replace(frozen, graph=graph, pretraining=pretraining, origin=None)
