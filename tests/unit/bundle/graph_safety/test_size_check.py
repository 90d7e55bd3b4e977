"""Sizes agree with the onnx library's on valid graphs, and bounds hold for forged ones."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import onnx
import pytest
from onnx import NodeProto, TensorProto, helper

from discern.bundle import open_runtime
from discern.bundle.graph_safety import find_fault
from discern.bundle.graph_safety import graph_limits as limits
from discern.bundle.onnx_graph import attach_head
from discern.bundle.testing import mean_colour_graph
from discern.features import load_backbone
from discern.features.testing import colour_backbone
from tests.unit.bundle.factories import colour_graph
from tests.unit.bundle.graph_safety.small_graphs import beside, facts, network, node, serialised
from tests.unit.bundle.graph_safety.test_batch_multiple import at
from tests.unit.bundle.onnx_graph.test_head_graph import (
    BLOCKS,
    make_backbone,
    make_head,
    make_ordinal_head,
    make_unknown_scorer,
)

VALID: dict[str, Callable[[], bytes]] = {
    "the small model": colour_graph,
    "the mean colour": mean_colour_graph,
    "the backbone for tests": lambda: colour_backbone().graph,
    "its one view": lambda: colour_backbone(mirror=False).graph,
    "a linear head": lambda: attach_head(make_backbone(), make_head(), make_unknown_scorer(), blocks=BLOCKS),
    "an ordinal head": lambda: attach_head(make_backbone(), make_ordinal_head(), make_unknown_scorer(), blocks=BLOCKS),
    "a head without a map": lambda: attach_head(
        make_backbone(with_map=False), make_head(), make_unknown_scorer(), blocks=BLOCKS
    ),
    "lite0": lambda: load_backbone("lite0", size=96).graph,
    "lite0, one view": lambda: load_backbone("lite0", size=128, mirror=False).graph,
}


@pytest.mark.parametrize("name", VALID)
def test_shapes_agree_with_those_of_the_onnx_library(name: str) -> None:
    data = VALID[name]()
    assert find_fault(data) is None
    found = facts(data)
    inferred = onnx.shape_inference.infer_shapes(onnx.load_from_string(data), strict_mode=True, data_prop=True)
    compared = 0
    for value in (*inferred.graph.value_info, *inferred.graph.output):
        tensor = value.type.tensor_type
        assert tensor.elem_type == found[value.name].kind
        assert len(tensor.shape.dim) == found[value.name].rank
        for size, ours in zip(tensor.shape.dim, found[value.name].shape, strict=True):
            if size.HasField("dim_value"):
                assert size.dim_value == ours
                compared += 1
    assert compared


@pytest.mark.parametrize("name", [name for name in VALID if not name.startswith("lite0")])
def test_shapes_are_those_that_the_engine_computes(name: str) -> None:
    data = VALID[name]()
    found, model = facts(data), onnx.load_from_string(data)
    size = model.graph.input[0].type.tensor_type.shape.dim[1].dim_value
    declared = {output.name for output in model.graph.output}
    names = [result for each in model.graph.node for result in each.output if result not in declared]
    model.graph.output.extend(onnx.ValueInfoProto(name=each) for each in names)
    run = open_runtime(model.SerializeToString(), threads=1).run
    for pictures in (1, 3):
        for result, values in run({"pixels": np.zeros((pictures, size, size, 3), np.uint8)}).items():
            assert values.shape == tuple(at(length, pictures) for length in found[result].shape)


def doubled(times: int) -> list[NodeProto]:
    """Concatenations, each of twice the result of the one before."""
    names = ["x", *(f"d{place}" for place in range(times))]
    return [node("Concat", old, old, outputs=[new], axis=3) for old, new in pairwise(names)]


LESS_ONE = [
    node("Shape", "x", outputs=["n"], end=1),
    node("Sub", "n", "one", outputs=["less_one"]),
    node("Sub", "n", "two", outputs=["less_two"]),
]
FLAT = [node("Flatten", "x", outputs=["f"]), node("Transpose", "f", outputs=["t"])]
WEIGHTS = {
    "zero": [0],
    "one": [1],
    "two": [2],
    "three": [3],
    "huge": [10**8],
    "float": [1.0],
    "row": np.ones((1, 40_000), np.float32),
    "column": np.ones((40_000, 1), np.float32),
    "trillion": [10**9, 1000],
    "two_hundred": [200, 200],
    "long": list(range(4, 9)),
    "places": np.zeros(100_000, np.int64),
    "square": np.ones((2000, 2000), np.float32),
}
BOMBS: dict[str, tuple[list[NodeProto], str]] = {
    "a constant of terabytes": ([node("ConstantOfShape", "trillion")], "bytes of computed constants"),
    "an expansion": ([node("Expand", "float", "trillion")], "bytes of computed constants"),
    "a repetition": ([node("Tile", "row", "two_hundred")], "bytes of computed constants"),
    "an outer sum": ([node("Add", "row", "column")], "bytes of computed constants"),
    "an outer comparison": ([node("Less", "row", "column")], "bytes of computed constants"),
    "an outer product": ([node("MatMul", "column", "row")], "bytes of computed constants"),
    "an outer product by an equation": (
        [node("Einsum", "row", "column", equation="ab,cd->bc")],
        "bytes of computed constants",
    ),
    "a selection that multiplies": ([node("Gather", "row", "places", axis=0)], "bytes of computed constants"),
    "products of constants": (
        [
            node("MatMul", "square", "square", outputs=["p"]),
            *(node("MatMul", "square", "square", outputs=[f"p{place}"]) for place in range(2)),
        ],
        "multiply-adds for constants",
    ),
    "concatenations that double": (doubled(40), "bytes of one result"),
    "results that are all kept": (
        [
            *doubled(16),
            *(node("Relu", "d15", outputs=[f"k{place}"]) for place in range(9)),
            node("Sum", *(f"k{place}" for place in range(9))),
        ],
        "bytes of results held at once",
    ),
    "results one after another": (
        [
            *doubled(16),
            *(node("Relu", f"k{place - 1}" if place else "d15", outputs=[f"k{place}"]) for place in range(90)),
        ],
        "bytes of all results",
    ),
    "more axes than allowed": ([node("Unsqueeze", "x", "long")], "has a result of 9 axes"),
    "a size that is huge for three pictures alone": (
        [
            *LESS_ONE,
            node("Equal", "n", "three", outputs=["is_three"]),
            node("Where", "is_three", "huge", "one", outputs=["size"]),
            node("Expand", "float", "size"),
        ],
        "cannot be bounded",
    ),
    "a size that is zero for one picture and for two": (
        [
            *LESS_ONE,
            node("Mul", "less_one", "less_two", outputs=["product"]),
            node("Mul", "product", "huge", outputs=["size"]),
            node("ConstantOfShape", "size"),
        ],
        "cannot be bounded",
    ),
    "a size that grows with the square of the batch": (
        [*LESS_ONE, node("Mul", "n", "n", outputs=["size"]), node("ConstantOfShape", "size")],
        "cannot be bounded",
    ),
    "a size that overflows to a small one": (
        [
            node("Mul", "huge", "huge", outputs=["a"]),
            node("Mul", "a", "huge", outputs=["b"]),
            node("ConstantOfShape", "b"),
        ],
        "cannot be bounded",
    ),
    "products between all pictures": ([*FLAT, node("MatMul", "f", "t")], "square of the number of pictures"),
    "sums between all pictures": (
        [
            node("Unsqueeze", "x", "zero", outputs=["u"]),
            node("Unsqueeze", "x", "one", outputs=["v"]),
            node("Add", "u", "v"),
        ],
        "square of the number of pictures",
    ),
    "a name twice": ([node("Relu", "x"), node("Relu", "x")], "used twice"),
    "a weight as a result": ([node("Relu", "x", outputs=["row"])], "used twice"),
    "the input as a result": ([node("Relu", "x", outputs=["pixels"])], "used twice"),
    "a long name": ([node("Relu", "x", outputs=["r" * 2000])], "too long"),
    "a circle": ([node("Add", "p", "x", outputs=["q"]), node("Add", "q", "x", outputs=["p"])], "before it is computed"),
    "an unknown input": ([node("Relu", "nothing")], "needs nothing before it is computed"),
    "too many inputs": ([node("Relu", "x", "x")], "has 2 inputs and 1 outputs"),
    "too few inputs": ([node("Add", "x")], "has 1 inputs and 1 outputs"),
    "too many outputs": ([node("Relu", "x", outputs=["y", "z"])], "has 1 inputs and 2 outputs"),
    "no outputs": ([node("Relu", "x", outputs=[])], "has 1 inputs and 0 outputs"),
    "an empty result": ([node("Slice", "x", "two", "one", "two")], "an empty result of shape [N, 3, 0, 8]"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_graph_that_asks_for_too_much_is_rejected_with_the_operator(name: str) -> None:
    nodes, why = BOMBS[name]
    fault = str(find_fault(beside(*nodes, weights=WEIGHTS)))
    assert fault.startswith("has an operator ")
    assert why in fault


def test_a_name_that_would_change_the_terminal_is_shown_as_data() -> None:
    fault = str(find_fault(serialised(helper.make_node("Relu", ["nothing"], ["y"], name="\x1b[31mred\n"))))
    assert "(\\x1b[31mred\\n)" in fault


def convolutions(times: int, *, channels: int, size: int) -> bytes:
    """Build a network of convolutions 3 x 3."""
    weights = {
        "first": np.zeros((channels, 3, 1, 1), np.float32),
        "w": np.zeros((channels, channels, 3, 3), np.float32),
    }
    names = [f"c{place}" for place in range(times)]
    return serialised(
        node("Conv", "x", "first", outputs=["c0"]),
        *(node("Conv", old, "w", outputs=[new], pads=[1] * 4) for old, new in pairwise(names)),
        weights=weights,
        size=size,
    )


def test_the_work_for_one_picture_is_limited() -> None:
    assert "bytes of one result" in str(find_fault(convolutions(1000, channels=512, size=4096)))
    assert "the multiply-adds to" in str(find_fault(convolutions(1000, channels=512, size=64)))
    # About as much as ViT-B needs at 384 px.
    assert find_fault(convolutions(6, channels=512, size=64)) is None


def test_windows_outside_of_matrix_products_count_as_more_work() -> None:
    pool = node("AveragePool", "x", kernel_shape=[256, 256])
    assert "the multiply-adds to" in str(find_fault(serialised(pool, size=1024)))


def test_constants_may_be_several_times_as_large_as_the_weights() -> None:
    half = {"w": np.zeros((6000, 6000), np.uint8)}
    wide = node("Cast", "w", outputs=["wide"], to=TensorProto.FLOAT)
    assert find_fault(beside(wide, weights=half)) is None
    again = [node("Identity", "wide", outputs=[f"w{place}"]) for place in range(2)]
    assert "bytes of computed constants" in str(find_fault(beside(wide, *again, weights=half)))


def test_results_are_released_after_their_last_use() -> None:
    # 24 MiB each, of which two are held at once.
    large = [*doubled(15), *(node("Relu", f"d{place}", outputs=[f"d{place + 1}"]) for place in range(14, 40))]
    assert find_fault(serialised(*large)) is None


@pytest.mark.parametrize(
    ("shape", "kind", "fits"),
    [
        (None, TensorProto.FLOAT, True),
        (["N", 3, 8, 8], TensorProto.FLOAT, True),
        (["N", None, "h", 8], TensorProto.FLOAT, True),
        (["N", 3, 8, 9], TensorProto.FLOAT, False),
        (["N", 3, 8], TensorProto.FLOAT, False),
        ([1, 3, 8, 8], TensorProto.FLOAT, False),
        (["N", 3, 8, 8], TensorProto.UINT8, False),
    ],
)
def test_declared_outputs_agree_with_computed_ones(shape: list | None, kind: int, fits: bool) -> None:
    model = network(node("Relu", "x"))
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", kind, shape))
    fault = find_fault(model.SerializeToString())
    assert (fault is None) == fits
    assert fits or "declares the output y of shape" in str(fault)


def test_an_output_that_is_not_computed_is_rejected() -> None:
    fault = find_fault(serialised(node("Relu", "x"), output="z"))
    assert fault == "declares the output z, which no operator computes"


def test_many_weights_are_limited_by_their_size_in_memory() -> None:
    assert limits.MAX_WEIGHT_BYTES >= 550 << 20  # vgg16 with its classifier


def test_numbers_for_sizes_are_limited() -> None:
    nodes = [node("Neg", "w", outputs=[f"r{place}"]) for place in range(2100)]
    assert "the numbers computed for sizes" in str(find_fault(beside(*nodes, weights={"w": [1] * 64})))
