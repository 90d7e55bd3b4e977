"""A backbone as data: the graph that turns pictures into numbers, and what is known about it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


class Backbone(Protocol):
    """What sees the pictures: an ONNX graph that takes bytes and gives one row of numbers per picture.

    The graph's input is `pixels`, uint8 `[N, size, size, 3]`, RGB in 0..255; normalisation and the averaging of views
    happen inside. Its outputs are `embedding`, float32 `[N, D]`, and where the net has one `map`, float32
    `[N, h, w, C]`: the last feature map, whose mean over the places is the block "head".
    """

    @property
    def name(self) -> str:
        """What people call it: "lite0"."""

    @property
    def graph(self) -> bytes:
        """The serialised ONNX model; equal inputs give equal bytes."""

    @property
    def size(self) -> int:
        """Height and width of the pictures it takes, in pixels."""

    @property
    def blocks(self) -> Mapping[str, tuple[int, int]]:
        """Start and end of each part of the embedding, in its order; "head" comes first."""

    @property
    def width(self) -> int:
        """D, the length of an embedding."""

    @property
    def pretraining(self) -> str:
        """What it was trained on."""

    @property
    def licence(self) -> str:
        """The licence of its weights."""

    @property
    def key(self) -> str:
        """What features are kept under: the sha256 of the graph, 64 hex digits."""


@dataclass(frozen=True, kw_only=True)
class OnnxBackbone:
    """A `Backbone` that is held in memory."""

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
        """D, the length of an embedding."""
        return max(end for _, end in self.blocks.values())
