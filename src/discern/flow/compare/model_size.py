"""Size and speed of the bundle of a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx
from onnx import numpy_helper

from discern.bundle import load
from discern.bundle.archive import unpack
from discern.shipping.measurement import measure

_DIGITS = 2  # not tuned: heads of one backbone differ by less


@dataclass(frozen=True, kw_only=True)
class ModelSize:
    """Size and speed of a bundle.

    Attributes:
        parameters: number of weights.
        megabytes: size of the file in MB.
        milliseconds: median time of one answer on one core of this machine.
        backbone: name of the backbone.
        side: side of the input in pixels.
    """

    parameters: int
    megabytes: float
    milliseconds: float
    backbone: str
    side: int

    @property
    def order(self) -> tuple[int, int]:
        """Return the key that simpler models have a smaller one of: parameters to two digits, then the input."""
        digits = len(str(self.parameters))
        return round(self.parameters, min(0, _DIGITS - digits)), self.side


def order_by_simplicity(sizes: Sequence[ModelSize], accuracy: Sequence[float]) -> list[int]:
    """Return the positions of models, the simplest first; of one size the more accurate, in whatever order given."""
    return sorted(range(len(sizes)), key=lambda place: (sizes[place].order, -accuracy[place]))


def measure_size(bundle: Path) -> ModelSize:
    """Measure the bundle of a run on this machine.

    Raises:
        BundleError: it cannot be used.
    """
    manifest = load(bundle).manifest
    return ModelSize(
        parameters=_count_parameters(bundle),
        megabytes=round(bundle.stat().st_size / 1e6, 3),
        milliseconds=round(measure(bundle).milliseconds, 2),
        backbone=str(manifest.backbone.get("name", "")),
        side=manifest.recipe.size,
    )


def _count_parameters(bundle: Path) -> int:
    """Count the weights of a graph, without the integers that only give shapes."""
    graph = onnx.load_from_string(unpack(bundle)["model.onnx"]).graph
    arrays = [numpy_helper.to_array(each) for each in graph.initializer if each.data_type != onnx.TensorProto.INT64]
    return int(sum(each.size for each in arrays))
