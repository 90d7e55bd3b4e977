"""Protocol of backbones, the pretrained networks that compute image embeddings."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from discern.features.backbones.network_settings import NetworkSettings
from discern.features.backbones.normalisation import Normalisation


class Backbone(Protocol):
    """Protocol of a frozen network that maps image pixels to embeddings, given as an ONNX graph.

    The graph's input is `pixels`, uint8 `[N, size, size, 3]`, RGB in 0..255; normalisation and the averaging of views
    are part of the graph. Its outputs are `embedding`, float32 `[N, D]`, and optionally `map`, float32 `[N, h, w, C]`:
    the last feature map, whose mean over the places is the block "head".
    """

    @property
    def name(self) -> str:
        """Return the name of the backbone, such as "lite0"."""

    @property
    def graph(self) -> bytes:
        """Return the serialised ONNX model, with equal bytes for equal arguments of `load_backbone`."""

    @property
    def size(self) -> int:
        """Return the height and width of the input images in pixels."""

    @property
    def blocks(self) -> Mapping[str, tuple[int, int]]:
        """Return the column ranges of the embedding blocks in order, the block "head" first."""

    @property
    def width(self) -> int:
        """Return the dimension of the embeddings."""

    @property
    def pretraining(self) -> str:
        """Return a description of the data that the network was pretrained on."""

    @property
    def licence(self) -> str:
        """Return the licence of the pretrained weights."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Return sentences for people on choices that were made when the network was loaded."""

    @property
    def origin(self) -> "BackboneOrigin | None":
        """Return the network that can be trained further; None if only the graph is known."""

    @property
    def key(self) -> str:
        """Return the SHA-256 digest of the graph, which identifies the backbone in the feature cache."""


@dataclass(frozen=True, kw_only=True)
class BackboneOrigin:
    """Network of torch that a backbone was built from, for methods that train it further.

    Attributes:
        name: name of the backbone, such as "lite0" or "timm/NAME".
        weights: file of its weights.
        mirror: whether the outputs are averaged for each picture and its mirror image.
        settings: what the weights of a library's network need beside its name; None for EfficientNet-Lite.
        normalisation: normalisation of the pixels that was asked for; None for that of the network.
    """

    name: str
    weights: Path
    mirror: bool
    settings: NetworkSettings | None = None
    normalisation: Normalisation | None = None


@dataclass(frozen=True, kw_only=True)
class OnnxBackbone:
    """Backbone whose ONNX graph and metadata are held in memory."""

    name: str
    graph: bytes = field(repr=False)
    size: int
    blocks: Mapping[str, tuple[int, int]]
    pretraining: str
    licence: str
    notes: tuple[str, ...] = ()
    origin: BackboneOrigin | None = None
    key: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", hashlib.sha256(self.graph).hexdigest())

    @property
    def width(self) -> int:
        """Return the dimension of the embeddings."""
        return max(end for _, end in self.blocks.values())
