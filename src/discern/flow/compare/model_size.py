"""Size and speed of the bundle of a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import onnx
from onnx import numpy_helper

from discern.bundle import load
from discern.bundle.archive import unpack
from discern.bundle.graph_safety import count_multiply_adds
from discern.evaluating import AnswerCost
from discern.flow.cost import TARGET
from discern.flow.cost_of_plan import PER_DAY
from discern.flow.cost_result import find_row
from discern.flow.cost_workload import CostOptions, measured_workload
from discern.shipping.cost_row import Workload
from discern.shipping.cost_table import estimate_costs
from discern.shipping.price_table import load_prices

_DIGITS = 2  # not tuned: heads of one backbone differ by less


@dataclass(frozen=True, kw_only=True)
class ModelSize:
    """Size, speed and cost of a bundle.

    Attributes:
        parameters: number of weights.
        multiply_adds: multiplications with additions for one picture.
        megabytes: size of the file in MB.
        milliseconds: median time of one answer on one core of this machine.
        backbone: name of the backbone.
        side: side of the input in pixels.
        cost: cost of its answers.
    """

    parameters: int
    multiply_adds: int
    megabytes: float
    milliseconds: float
    backbone: str
    side: int
    cost: AnswerCost

    @property
    def order(self) -> tuple[int, int]:
        """Return the key that simpler models have a smaller one of: parameters to two digits, then the input."""
        digits = len(str(self.parameters))
        return round(self.parameters, min(0, _DIGITS - digits)), self.side


def order_by_simplicity(sizes: Sequence[ModelSize], accuracy: Sequence[tuple[float, ...]]) -> list[int]:
    """Return the positions of models, the simplest first; of one size the more accurate, in whatever order given.

    Args:
        sizes: size of each model.
        accuracy: of each model, and further ones for those that are equal.
    """
    return sorted(range(len(sizes)), key=lambda place: (sizes[place].order, *(-each for each in accuracy[place])))


def measure_size(bundle: Path) -> ModelSize:
    """Measure the bundle of a run on this machine.

    Raises:
        BundleError: it cannot be used.
    """
    manifest, graph = load(bundle).manifest, unpack(bundle)["model.onnx"]
    work, measured = measured_workload(bundle, PER_DAY, CostOptions(), server=False)
    assert measured is not None
    return ModelSize(
        parameters=_count_parameters(graph),
        multiply_adds=count_multiply_adds(graph),
        megabytes=round(bundle.stat().st_size / 1e6, 3),
        milliseconds=round(measured.milliseconds, 2),
        backbone=str(manifest.backbone.get("name", "")),
        side=manifest.recipe.size,
        cost=_estimate_cost(work),
    )


def _count_parameters(graph: bytes) -> int:
    """Count the weights of a graph, without the integers that only give shapes."""
    stored = onnx.load_from_string(graph).graph.initializer
    arrays = [numpy_helper.to_array(each) for each in stored if each.data_type != onnx.TensorProto.INT64]
    return int(sum(each.size for each in arrays))


def _estimate_cost(work: Workload) -> AnswerCost:
    table = load_prices(today=datetime.now(UTC).date())
    row = find_row(estimate_costs(table, work).rows, TARGET)
    per_month = None if row.per_month is None else round(row.per_month, 4)
    return AnswerCost(target=TARGET, per_day=work.per_day, per_month=per_month, prices_as_of=table.as_of)
