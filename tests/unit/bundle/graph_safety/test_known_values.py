"""Numbers that decide on sizes are computed exactly as the inference engine does, or are unknown."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto

from discern.bundle import open_runtime
from discern.bundle.graph_safety.batch_multiple import BatchMultiple
from discern.bundle.graph_safety.known_values import compute, convert
from tests.unit.bundle.graph_safety.small_graphs import facts, network, node, values_after
from tests.unit.bundle.graph_safety.test_batch_multiple import at

INT64, INT32, FLOAT, BOOL = TensorProto.INT64, TensorProto.INT32, TensorProto.FLOAT, TensorProto.BOOL
PAIRS = ("Add", "Sub", "Mul", "Max", "Min", "Div", "Mod")
TESTS = ("Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual")


def vector(*values: object) -> np.ndarray:
    found = np.empty(len(values), object)
    found[:] = values
    return found


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_arithmetic_on_shapes_is_that_of_the_engine(data: st.DataObject) -> None:
    # The shape [N, 8, 8, 3] of the pixels, and constants; then a few operations on results so far.
    names, nodes = ["shape", "a", "b"], [node("Shape", "pixels", outputs=["shape"])]
    for place in range(data.draw(st.integers(1, 6))):
        kind, result = data.draw(st.sampled_from([*PAIRS, *TESTS, "Neg", "Abs"])), f"r{place}"
        inputs = [data.draw(st.sampled_from(names)) for _ in range(1 if kind in ("Neg", "Abs") else 2)]
        if kind in ("Div", "Mod"):
            inputs[1] = "b"
        nodes.append(node(kind, *inputs, outputs=[f"c{place}" if kind in TESTS else result]))
        if kind in TESTS:
            nodes.append(node("Where", f"c{place}", *inputs, outputs=[result]))
        names.append(result)
    weights = {"a": data.draw(st.lists(st.integers(-9, 9), min_size=4, max_size=4)), "b": [1, 2, 3, 8]}
    nodes.append(node("Identity", "x", outputs=["beside"]))
    model = network(*nodes, weights=weights)
    found = facts(model.SerializeToString())
    model.graph.output.extend(type(model.graph.output[0])(name=name) for name in names if name not in weights)
    run = open_runtime(model.SerializeToString(), threads=1).run
    for pictures in (1, 3):
        outputs = run({"pixels": np.zeros((pictures, 8, 8, 3), np.uint8)})
        for name in set(names) - set(weights):
            if found[name].values is not None:
                assert [at(value, pictures) for value in found[name].values] == outputs[name].tolist()


@pytest.mark.parametrize(
    ("operator", "kind", "arrays", "expected"),
    [
        ("Add", INT64, ([2**62], [2**62]), None),  # would overflow
        ("Mul", INT32, ([2**16], [2**16]), None),
        ("Neg", INT64, ([-(2**63)],), None),
        ("Sub", TensorProto.UINT8, ([1], [2]), None),
        ("Div", INT64, ([7, -7], [2, 2]), [3, -3]),
        ("Mod", INT64, ([7, -7], [3, 3]), [1, 2]),
        ("Div", INT64, ([7], [0]), None),
        ("Add", INT64, ([BatchMultiple(2)], [0]), [BatchMultiple(2)]),
        ("Add", INT64, ([BatchMultiple(2)], [1]), None),
        ("Mul", INT64, ([BatchMultiple(2)], [3]), [BatchMultiple(6)]),
        ("Mul", INT64, ([BatchMultiple(2)], [BatchMultiple(1)]), None),
        ("Mod", INT64, ([BatchMultiple(6)], [3]), [0]),
        ("Mod", INT64, ([BatchMultiple(5)], [3]), None),
        ("Div", INT64, ([BatchMultiple(6)], [BatchMultiple(2)]), [3]),
        ("Equal", BOOL, ([BatchMultiple(1)], [-1]), [False]),
        ("Equal", BOOL, ([BatchMultiple(1)], [3]), None),
        ("Equal", BOOL, ([BatchMultiple(2)], [BatchMultiple(2)]), [True]),
        ("Less", BOOL, ([BatchMultiple(4)], [3]), [False]),
        ("Less", BOOL, ([BatchMultiple(4)], [5]), None),
        ("Greater", BOOL, ([BatchMultiple(4)], [3]), [True]),
        ("Less", BOOL, ([BatchMultiple(-1)], [3]), None),
        ("Max", INT64, ([BatchMultiple(4)], [2]), [BatchMultiple(4)]),
        ("Min", INT64, ([BatchMultiple(4)], [2]), [2]),
        ("Abs", INT64, ([BatchMultiple(-4)],), [BatchMultiple(4)]),
        ("Where", INT64, ([True, False], [1, 1], [BatchMultiple(1)] * 2), [1, BatchMultiple(1)]),
        ("Pow", INT64, ([2], [3]), None),  # not needed for shapes
    ],
)
def test_integers_are_exact_or_unknown(operator: str, kind: int, arrays: tuple, expected: list | None) -> None:
    found = compute(operator, kind, (len(arrays[0]),), *(vector(*values) for values in arrays))
    assert (None if found is None else found.tolist()) == expected


def test_long_results_and_those_of_the_batch_are_unknown() -> None:
    row, column = vector(*range(30)).reshape(1, 30), vector(*range(30)).reshape(30, 1)
    assert compute("Add", INT64, (30, 30), row, column) is None
    assert compute("Add", INT64, (BatchMultiple(1),), vector(1), vector(1)) is None
    assert compute("Add", INT64, (1,), vector(1), None) is None


def test_floats_are_computed_in_their_own_precision_and_never_compared() -> None:
    third = np.array([1 / 3], np.float32)
    found = compute("Mul", FLOAT, (1,), third, np.array([21], np.float32))
    assert found is not None
    assert found.dtype == np.float32
    assert compute("Less", BOOL, (1,), third, third) is None
    assert compute("Add", FLOAT, (1,), third, vector(1)) is None
    assert compute("Add", TensorProto.FLOAT16, (1,), third.astype(np.float16), third.astype(np.float16)) is None


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (vector(1, 0, -3), BOOL, [True, False, True]),
        (vector(BatchMultiple(2)), BOOL, [True]),
        (vector(BatchMultiple(2)), INT32, [BatchMultiple(2)]),
        (vector(True, False), INT64, [1, 0]),
        (vector(300), TensorProto.UINT8, None),
        (vector(2**31), INT32, None),
        (vector(5), FLOAT, [5.0]),
        (vector(2**25), FLOAT, None),
        (vector(BatchMultiple(1)), FLOAT, None),
        (np.array([2.9, -2.9], np.float32), INT64, [2, -2]),
        (np.array([np.nan], np.float32), INT64, None),
        (np.array([np.inf], np.float32), INT64, None),
        (np.array([1e30], np.float32), INT64, None),
        (np.array([0.5], np.float32), BOOL, None),
        (np.array([0.5], np.float32), TensorProto.DOUBLE, [0.5]),
        (np.array([0.5], np.float32), TensorProto.FLOAT16, None),
        (np.array([1e300]), FLOAT, [np.inf]),
        (np.array([np.nan]), TensorProto.INT8, None),
        (None, INT64, None),
    ],
)
def test_conversions_are_exact_or_unknown(values: np.ndarray | None, kind: int, expected: list | None) -> None:
    found = convert(values, kind)
    assert (None if found is None else found.tolist()) == expected


def test_a_size_that_is_rounded_down_is_known() -> None:
    nodes = [
        node("Shape", "x", outputs=["shape"]),
        node("Slice", "shape", "two", "four", outputs=["places"]),
        node("Cast", "places", outputs=["floats"], to=FLOAT),
        node("Mul", "floats", "factor", outputs=["scaled"]),
        node("Floor", "scaled", outputs=["whole"]),
        node("Cast", "whole", to=INT64),
    ]
    assert values_after(*nodes, weights={"two": [2], "four": [4], "factor": [1.7, 0.4]}) == [13, 3]


@pytest.mark.parametrize(("low", "high"), [(0.0, 2.5), (-1.0, -1.0), (-3e38, 3e38)])
def test_limited_numbers_are_those_of_the_engine(low: float, high: float) -> None:
    weights = {"a": [-3.4e38, -1.0, -0.0, 0.5, 2.5000002, 3.4e38], "low": low, "high": high}
    model = network(node("Clip", "a", "low", "high"), node("Identity", "x", outputs=["beside"]), weights=weights)
    found = facts(model.SerializeToString())["y"].values
    model.graph.output.append(type(model.graph.output[0])(name="y"))
    run = open_runtime(model.SerializeToString(), threads=1).run
    assert found.tolist() == run({"pixels": np.zeros((1, 8, 8, 3), np.uint8)})["y"].tolist()
