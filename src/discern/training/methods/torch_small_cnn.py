"""Small convolutional network, and its ONNX graph.

This module imports torch.
"""

from typing import Any

import numpy as np
import torch
from torch import nn

from discern.bundle.onnx_graph.graph_writer import GraphWriter, serialise
from discern.features.backbones import OnnxBackbone
from discern.training.methods.torch_network import TrainableNetwork

# Channels of each convolution, its stride, and the side of the pooling after it; not tuned.
_LAYERS = ((32, 2, 2), (64, 1, 1), (128, 1, 2), (256, 1, 1))
WIDTH = _LAYERS[-1][0]
_CENTRE, _SPREAD = 0.45, 0.25  # about those of photographs


class SmallCnn(TrainableNetwork):
    """Small convolutional network with weights drawn by torch's generator; its embedding is the mean of its map.

    Attributes:
        trunk: layers from pictures to the last feature map.
    """

    def __init__(self, classes: int) -> None:
        super().__init__({"head": (0, WIDTH)}, classes)
        layers: list[Any] = []
        before = 3
        for channels, stride, pool in _LAYERS:
            layers += [nn.Conv2d(before, channels, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(channels)]
            layers += [nn.ReLU()] + [nn.MaxPool2d(pool)] * (pool > 1)
            before = channels
        self.trunk = nn.Sequential(*layers)

    def embed(self, pictures: torch.Tensor) -> torch.Tensor:
        """Compute the mean of the last feature map, as `TrainableNetwork.embed`."""
        pixels = ((pictures - _CENTRE) / _SPREAD).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
        embedding: torch.Tensor = self.trunk(pixels).mean(dim=(2, 3))
        return embedding

    def to_backbone(self, *, size: int, factor: int) -> OnnxBackbone:
        """Convert the trunk to a backbone that reads whole pictures and reduces them itself."""
        return OnnxBackbone(
            name="scratch",
            graph=_write_graph(self.trunk, size=size, factor=factor),
            size=size,
            blocks=self.blocks,
            pretraining="",
            licence="",
        )


def _write_graph(trunk: nn.Sequential, *, size: int, factor: int) -> bytes:
    writer = GraphWriter()
    values = writer.channels_first(writer.add("Cast", "pixels", to=1))
    if factor > 1:
        values = writer.add("AveragePool", values, kernel_shape=[factor] * 2, strides=[factor] * 2)
    values = writer.add("Mul", values, writer.scalar(1 / (255 * _SPREAD)))
    values = writer.add("Add", values, writer.scalar(-_CENTRE / _SPREAD))
    side, number = size // factor, 0
    layers = list(trunk)
    for layer, following in zip(layers, [*layers[1:], None], strict=True):
        if isinstance(layer, nn.Conv2d):
            values = _convolve(writer, values, layer, following, number)
            side, number = -(-side // layer.stride[0]), number + 1
        elif isinstance(layer, nn.MaxPool2d):
            pool = int(layer.kernel_size)
            values = writer.add("MaxPool", values, kernel_shape=[pool] * 2, strides=[pool] * 2)
            side //= pool
    writer.channels_last(values, result="map")
    writer.add("Flatten", writer.add("GlobalAveragePool", values), result="embedding")
    return serialise(writer.model(size=size, embedding=WIDTH, map_shape=(side, side, WIDTH)))


def _convolve(writer: GraphWriter, values: str, conv: Any, norm: Any, number: int) -> str:
    """Add a convolution with its batch normalisation folded in, and the ReLU after it."""
    scale = (norm.weight / (norm.running_var + norm.eps).sqrt()).detach().double().numpy()
    weight = conv.weight.detach().double().numpy() * scale[:, None, None, None]
    bias = norm.bias.detach().double().numpy() - norm.running_mean.double().numpy() * scale
    names = [
        writer.weight(f"{part}_{number}", array.astype(np.float32))
        for part, array in (("weight", weight), ("bias", bias))
    ]
    stride = list(conv.stride)
    result = writer.add("Conv", values, *names, kernel_shape=[3, 3], strides=stride, pads=[1] * 4)
    return writer.add("Relu", result)
