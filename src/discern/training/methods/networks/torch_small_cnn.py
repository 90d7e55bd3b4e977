"""Convolutional networks whose embedding is the mean of their last map: a small one, and a residual one.

This module imports torch.
"""

from collections.abc import Sequence

import torch
from torch import nn

from discern.bundle.onnx_graph.graph_writer import GraphWriter, serialise
from discern.features.backbones import OnnxBackbone
from discern.training.methods.networks.torch_conv_blocks import (
    ConvBlock,
    Residual,
    side_after,
    standardise,
    write_blocks,
)
from discern.training.methods.networks.torch_network import TrainableNetwork


class PooledCnn(TrainableNetwork):
    """Convolutional network whose embedding is the mean of its last map.

    Args:
        blocks: its blocks, with weights drawn by torch's generator.
        width: number of channels of the last map.
        classes: number of classes.

    Attributes:
        trunk: the blocks.
    """

    def __init__(self, blocks: Sequence[nn.Module], width: int, classes: int) -> None:
        super().__init__({"head": (0, width)}, classes)
        self.trunk = nn.Sequential(*blocks)

    def embed(self, pictures: torch.Tensor) -> torch.Tensor:
        """Compute the mean of the last map, as `TrainableNetwork.embed`."""
        embedding: torch.Tensor = self.trunk(standardise(pictures)).mean(dim=(2, 3))
        return embedding

    def to_backbone(self, *, size: int, factor: int) -> OnnxBackbone:
        """Convert the trunk to a backbone that reads whole pictures and reduces them itself."""
        width, side = self.spans[-1][1], side_after(self.trunk, size // factor)
        writer = GraphWriter()
        values = write_blocks(writer, self.trunk, factor=factor)
        writer.channels_last(values, result="map")
        writer.add("Flatten", writer.add("GlobalAveragePool", values), result="embedding")
        graph = serialise(writer.model(size=size, embedding=width, map_shape=(side, side, width)))
        return OnnxBackbone(name="scratch", graph=graph, size=size, blocks=self.blocks, pretraining="", licence="")


class SmallCnn(PooledCnn):
    """Network of four convolutions, quick on a processor; its widths are not tuned."""

    def __init__(self, classes: int) -> None:
        blocks = [
            ConvBlock(3, 32, stride=2, pool=2),
            ConvBlock(32, 64),
            ConvBlock(64, 128, pool=2),
            ConvBlock(128, 256),
        ]
        super().__init__(blocks, 256, classes)


class ResNet9(PooledCnn):
    """Residual network of eight convolutions, half as wide as in Page (2018), "How to train your ResNet"."""

    def __init__(self, classes: int) -> None:
        blocks = [
            ConvBlock(3, 32, stride=2),
            ConvBlock(32, 64, pool=2),
            Residual(64),
            ConvBlock(64, 128, pool=2),
            ConvBlock(128, 256, pool=2),
            Residual(256),
        ]
        super().__init__(blocks, 256, classes)
