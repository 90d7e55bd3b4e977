"""Backbone protocol: a pretrained, frozen network as an ONNX graph, with its metadata."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


class Backbone(Protocol):
    """Frozen feature extractor, as an ONNX graph from pixels to embeddings.

    The graph's input is `pixels`, uint8 `[N, size, size, 3]`, RGB in 0..255; normalisation and the averaging of views
    are part of the graph. Its outputs are `embedding`, float32 `[N, D]`, and optionally `map`, float32 `[N, h, w, C]`:
    the last feature map, whose mean over the places is the block "head".
    """

    @property
    def name(self) -> str:
        """Backbone name, such as "lite0"."""

    @property
    def graph(self) -> bytes:
        """Serialised ONNX model; equal arguments of `load_backbone` give equal bytes."""

    @property
    def size(self) -> int:
        """Input height and width, in pixels."""

    @property
    def blocks(self) -> Mapping[str, tuple[int, int]]:
        """Column ranges of the embedding blocks, in order, "head" first."""

    @property
    def width(self) -> int:
        """Embedding dimension D."""

    @property
    def pretraining(self) -> str:
        """Description of the pretraining data."""

    @property
    def licence(self) -> str:
        """Licence of the weights."""

    @property
    def key(self) -> str:
        """Feature cache key: the SHA-256 digest of the graph, 64 hexadecimal digits."""


@dataclass(frozen=True, kw_only=True)
class OnnxBackbone:
    """In-memory ONNX backbone."""

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
        """Embedding dimension D."""
        return max(end for _, end in self.blocks.values())
