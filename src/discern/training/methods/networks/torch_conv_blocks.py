"""Blocks of small convolutional networks: as modules of torch, and as parts of an ONNX graph.

This module imports torch.
"""

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from discern.bundle.onnx_graph.graph_writer import GraphWriter

_CENTRE, _SPREAD = 0.45, 0.25  # about those of photographs


class ConvBlock(nn.Module):  # type: ignore[misc]  # torch is not type-checked
    """Convolution, batch normalisation if there is any, ReLU and max pooling.

    Args:
        before: number of channels of its input.
        channels: number of channels of its output.
        kernel: side of the convolution's window.
        stride: step of the window.
        padded: whether the borders are padded, so that the window reaches all places.
        pool: side of the pooling; 1 for none.
        norm: whether there is a batch normalisation, and no bias.
    """

    def __init__(
        self,
        before: int,
        channels: int,
        *,
        kernel: int = 3,
        stride: int = 1,
        padded: bool = True,
        pool: int = 1,
        norm: bool = True,
    ) -> None:
        super().__init__()
        padding = kernel // 2 if padded else 0
        self.conv = nn.Conv2d(before, channels, kernel, stride=stride, padding=padding, bias=not norm)
        self.norm = nn.BatchNorm2d(channels) if norm else None
        self.pool = pool

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Compute a feature map `[n, channels, h, w]`."""
        values = self.conv(values)
        result: torch.Tensor = functional.relu(values if self.norm is None else self.norm(values))
        return functional.max_pool2d(result, self.pool) if self.pool > 1 else result

    def side(self, side: int) -> int:
        """Return the side of the map for an input of a side; 0 or less if that is too small."""
        conv = self.conv
        return int((side + 2 * conv.padding[0] - conv.kernel_size[0]) // conv.stride[0] + 1) // self.pool

    def write(self, writer: GraphWriter, values: str, name: str) -> str:
        """Add the block to a graph, with its normalisation folded in, and return the name of its result."""
        weight, bias = self._folded()
        names = [writer.weight(f"weight_{name}", weight), writer.weight(f"bias_{name}", bias)]
        conv = self.conv
        padding, kernel, stride = conv.padding[0], list(conv.kernel_size), list(conv.stride)
        values = writer.add("Conv", values, *names, kernel_shape=kernel, strides=stride, pads=[padding] * 4)
        values = writer.add("Relu", values)
        side = [self.pool] * 2
        return writer.add("MaxPool", values, kernel_shape=side, strides=side) if self.pool > 1 else values

    def _folded(self) -> tuple[np.ndarray, np.ndarray]:
        weight, norm = self.conv.weight.detach().double().numpy(), self.norm
        if norm is None:
            return weight.astype(np.float32), self.conv.bias.detach().numpy()
        scale = (norm.weight / (norm.running_var + norm.eps).sqrt()).detach().double().numpy()
        bias = norm.bias.detach().double().numpy() - norm.running_mean.double().numpy() * scale
        return (weight * scale[:, None, None, None]).astype(np.float32), bias.astype(np.float32)


class Residual(nn.Module):  # type: ignore[misc]  # as above
    """Two convolutions whose result is added to their input.

    Args:
        channels: number of channels of input and output.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first, self.second = ConvBlock(channels, channels), ConvBlock(channels, channels)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Compute a feature map of the input's shape."""
        result: torch.Tensor = values + self.second(self.first(values))
        return result

    def side(self, side: int) -> int:
        """Return the side of the map, that of the input."""
        return side

    def write(self, writer: GraphWriter, values: str, name: str) -> str:
        """Add the block to a graph, as `ConvBlock.write`."""
        inner = self.first.write(writer, values, f"{name}_first")
        return writer.add("Add", values, self.second.write(writer, inner, f"{name}_second"))


def standardise(pictures: torch.Tensor) -> torch.Tensor:
    """Convert pictures `[n, side, side, 3]` in 0..1 to the input of the first block."""
    pixels = ((pictures - _CENTRE) / _SPREAD).permute(0, 3, 1, 2)
    return pixels.contiguous(memory_format=torch.channels_last)


def side_after(blocks: Any, side: int) -> int:
    """Return the side of the last map for pictures of a side."""
    for block in blocks:
        side = block.side(side)
    return side


def write_blocks(writer: GraphWriter, blocks: Any, *, factor: int) -> str:
    """Add the standardisation and all blocks to a graph that reads whole pictures, and reduces them by a factor."""
    values = writer.channels_first(writer.add("Cast", "pixels", to=1))
    if factor > 1:
        values = writer.add("AveragePool", values, kernel_shape=[factor] * 2, strides=[factor] * 2)
    values = writer.add("Mul", values, writer.scalar(1 / (255 * _SPREAD)))
    values = writer.add("Add", values, writer.scalar(-_CENTRE / _SPREAD))
    for number, block in enumerate(blocks):
        values = block.write(writer, values, str(number))
    return values
