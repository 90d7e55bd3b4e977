"""Convolutional networks with dense layers: those of the banana, nursing and bins systems.

This module imports torch.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from discern.bundle.onnx_graph.graph_writer import GraphWriter, serialise
from discern.errors import UsageError
from discern.features.backbones import OnnxBackbone
from discern.training.methods.networks.torch_conv_blocks import ConvBlock, side_after, standardise, write_blocks
from discern.training.methods.networks.torch_network import TrainableNetwork


@dataclass(frozen=True, kw_only=True)
class _Design:
    """Convolutions and dense layers of a network.

    Attributes:
        channels: those of each convolution, each with ReLU and a pooling by two.
        kernel: side of the convolutions' windows.
        padded: whether borders are padded.
        dense: widths of the dense layers before the last one, whose width is an option.
    """

    channels: tuple[int, ...]
    kernel: int = 3
    padded: bool = True
    dense: tuple[int, ...] = ()

    def blocks(self) -> list[ConvBlock]:
        before = (3, *self.channels)
        return [
            ConvBlock(first, then, kernel=self.kernel, padded=self.padded, pool=2, norm=False)
            for first, then in zip(before, self.channels, strict=False)
        ]


# The systems' documents name no layers: these are the usual ones of tutorials for Keras and PyTorch.
_DESIGNS = {
    "banana-cnn": _Design(channels=(32, 64, 128)),
    "nursing-cnn": _Design(channels=(32, 64, 128, 128)),
    "bins-simple": _Design(channels=(6, 16), kernel=5, padded=False, dense=(120,)),
}


class DenseCnn(TrainableNetwork):
    """Convolutions, then dense layers with ReLU; the embedding is the last of these.

    Args:
        blocks: the convolutions, with weights drawn by torch's generator.
        widths: widths of the dense layers.
        classes: number of classes.
        side: height and width of the pictures that it reads.
        dropout: share of the embedding that a training step leaves out.

    Attributes:
        trunk: the convolutions.
        dense: the dense layers.
    """

    def __init__(
        self, blocks: Sequence[ConvBlock], widths: Sequence[int], classes: int, *, side: int, dropout: float
    ) -> None:
        super().__init__({"head": (0, widths[-1])}, classes)
        self.trunk = nn.Sequential(*blocks)
        self._places = side_after(blocks, side)
        before = (blocks[-1].conv.out_channels * self._places**2, *widths)
        self.dense = nn.ModuleList(nn.Linear(first, then) for first, then in zip(before, widths, strict=False))
        self.dropout = nn.Dropout(dropout)

    def embed(self, pictures: torch.Tensor) -> torch.Tensor:
        """Compute the last dense layer, as `TrainableNetwork.embed`."""
        values = self.trunk(standardise(pictures)).permute(0, 2, 3, 1).flatten(1)
        for layer in self.dense:
            values = functional.relu(layer(values))
        embedding: torch.Tensor = self.dropout(values)
        return embedding

    def to_backbone(self, *, size: int, factor: int) -> OnnxBackbone:
        """Convert all but the classifier to a backbone, whose map is what each place adds to the active values.

        The dense layers are linear around each picture, so that the map is exact, but for their biases.
        """
        width, places = self.spans[-1][1], self._places
        writer = GraphWriter()
        values = writer.channels_last(write_blocks(writer, self.trunk, factor=factor))
        hidden, active = writer.add("Flatten", values), []
        for number, layer in enumerate(self.dense):
            bias = writer.weight(f"dense_bias_{number}", layer.bias.detach().numpy())
            before = writer.add("Gemm", hidden, _name(writer, layer, number), bias)
            hidden = writer.add("Relu", before, result="embedding" if number + 1 == len(self.dense) else None)
            active.append(writer.add("Cast", writer.add("Greater", before, writer.scalar(0.0)), to=1))
        self._write_map(writer, values, active)
        graph = serialise(writer.model(size=size, embedding=width, map_shape=(places, places, width)))
        return OnnxBackbone(name="scratch", graph=graph, size=size, blocks=self.blocks, pretraining="", licence="")

    def _write_map(self, writer: GraphWriter, values: str, active: list[str]) -> None:
        """Add the output `map`, the mean of which is the embedding without the share of the biases."""
        rest, places = list(self.dense)[1:], self._places
        shape = writer.numbers(places, places, self.trunk[-1].conv.out_channels, self.dense[0].out_features)
        by_place = writer.add("Reshape", _name(writer, self.dense[0], 0), shape)
        scaled = writer.add("Mul", values, writer.scalar(float(places**2)))
        added = writer.add("Einsum", scaled, by_place, equation="nhwc,hwck->nhwk")
        axes = writer.numbers(1, 2)
        for number, layer in enumerate(rest, start=1):
            added = writer.add("Mul", added, writer.add("Unsqueeze", active[number - 1], axes))
            added = writer.add("MatMul", added, _name(writer, layer, number))
        writer.add("Mul", added, writer.add("Unsqueeze", active[-1], axes), result="map")


def _name(writer: GraphWriter, layer: nn.Linear, number: int) -> str:
    """Return the name of a layer's weight, which the graph holds once."""
    return writer.weight(f"dense_{number}", layer.weight.detach().numpy().T)


def build_dense_cnn(name: str, classes: int, *, side: int, hidden: int, dropout: float) -> DenseCnn:
    """Build a network of a known system.

    Args:
        name: name of the network.
        classes: number of classes.
        side: height and width of the pictures that it reads.
        hidden: width of the last dense layer.
        dropout: share of it that a training step leaves out.

    Raises:
        UsageError: the pictures are too small.
    """
    design = _DESIGNS[name]
    blocks = design.blocks()
    if side_after(blocks, side) < 1:
        raise UsageError(f"Pictures of {side} px are too small for the network {name}.", hint="Pass a larger --size.")
    return DenseCnn(blocks, (*design.dense, hidden), classes, side=side, dropout=dropout)
