"""Backbones: pretrained, frozen networks as ONNX graphs.

A backbone also gives the facts that a bundle records about it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


class Backbone(Protocol):
    """Frozen network that turns pixels into embeddings, as an ONNX graph.

    The graph's input is `pixels`, uint8 `[N, size, size, 3]`, RGB in 0..255; normalisation and the averaging of views
    are part of the graph. Its outputs are `embedding`, float32 `[N, D]`, and optionally `map`, float32 `[N, h, w, C]`:
    the last feature map, whose mean over the places is the block "head".
    """

    @property
    def name(self) -> str:
        """Name of the backbone, such as "lite0"."""

    @property
    def graph(self) -> bytes:
        """Serialised ONNX model of the backbone.

        Equal arguments of `load_backbone` give equal bytes.
        """

    @property
    def size(self) -> int:
        """Height and width of the input pictures, in pixels."""

    @property
    def blocks(self) -> Mapping[str, tuple[int, int]]:
        """Start and end column of each block of the embedding.

        The blocks are in order; "head" comes first.
        """

    @property
    def width(self) -> int:
        """Length of an embedding, D."""

    @property
    def pretraining(self) -> str:
        """Description of the data that the backbone was pretrained on."""

    @property
    def licence(self) -> str:
        """Licence of the backbone's weights."""

    @property
    def key(self) -> str:
        """Cache key of the features that the backbone computes.

        It is the sha256 of the graph, 64 hexadecimal digits.
        """


@dataclass(frozen=True, kw_only=True)
class OnnxBackbone:
    """Backbone whose ONNX graph is held in memory."""

    name: str
    graph: bytes = field(repr=False)
    size: int
    blocks: Mapping[str, tuple[int, int]]
    pretraining: str
    licence: str
    key: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", hashlib.sha256(self.graph).hexdigest())

    @property
    def width(self) -> int:
        """Length of an embedding, D."""
        return max(end for _, end in self.blocks.values())
