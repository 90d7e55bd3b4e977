"""The list of operators agrees with the onnx library, and leaves out whatever could run away."""

from pathlib import Path

import onnx
import pytest
from onnx.defs import OpSchema, get_all_schemas_with_history

from discern.bundle.graph_safety import find_fault
from discern.bundle.graph_safety.allowed_operators import ALLOWED
from discern.bundle.graph_safety.graph_limits import NEWEST_OPSET, OLDEST_OPSET
from tests.unit.bundle.graph_safety.small_graphs import node, serialised

KINDS = {
    "float": OpSchema.AttrType.FLOAT,
    "int": OpSchema.AttrType.INT,
    "text": OpSchema.AttrType.STRING,
    "tensor": OpSchema.AttrType.TENSOR,
    "floats": OpSchema.AttrType.FLOATS,
    "ints": OpSchema.AttrType.INTS,
}
STANDARD = [schema for schema in get_all_schemas_with_history() if schema.domain == ""]


def versions(kind: str) -> list[OpSchema]:
    """Versions of an operator in the opsets that graphs may use."""
    every = [schema for schema in STANDARD if schema.name == kind and schema.since_version <= NEWEST_OPSET]
    oldest = max((each.since_version for each in every if each.since_version <= OLDEST_OPSET), default=0)
    return [schema for schema in every if schema.since_version >= oldest and not schema.deprecated]


@pytest.mark.parametrize("kind", ALLOWED)
def test_inputs_outputs_and_attributes_are_those_of_the_operator(kind: str) -> None:
    operator, schemas = ALLOWED[kind], versions(kind)
    assert schemas
    assert operator.least >= min(schema.min_input for schema in schemas)
    assert operator.most <= max(schema.max_input for schema in schemas)
    assert operator.outputs <= max(schema.max_output for schema in schemas)
    known = {name: attribute.type for schema in schemas for name, attribute in schema.attributes.items()}
    for name, value in operator.attributes.items():
        assert known[name] == KINDS[value], name


def test_no_allowed_operator_has_a_subgraph_or_anything_but_tensors() -> None:
    for kind in ALLOWED:
        for schema in versions(kind):
            types = {attribute.type for attribute in schema.attributes.values()}
            assert not types & {OpSchema.AttrType.GRAPH, OpSchema.AttrType.GRAPHS}
            assert all("tensor(" in text or text.isidentifier() or "(" not in text for text in _types(schema))


def _types(schema: OpSchema) -> list[str]:
    return [each.type_str for each in (*schema.inputs, *schema.outputs)]


FORBIDDEN = sorted({schema.name for schema in STANDARD} - set(ALLOWED))


@pytest.mark.parametrize(
    "kind",
    [
        "If",
        "Loop",
        "Scan",
        "SequenceMap",
        "RandomNormal",
        "RandomUniformLike",
        "Multinomial",
        "Bernoulli",
        "NonZero",
        "Unique",
        "Compress",
        "NonMaxSuppression",
        "StringNormalizer",
        "StringSplit",
        "ImageDecoder",
        "SequenceConstruct",
        "Optional",
        "LSTM",
        "TensorScatter",
    ],
)
def test_operators_that_could_run_away_are_not_allowed(kind: str) -> None:
    assert kind in FORBIDDEN


@pytest.mark.parametrize("kind", [*FORBIDDEN, "Run", "", "conv", "Conv\n"])
def test_any_other_operator_is_rejected_by_its_name(kind: str) -> None:
    fault = str(find_fault(serialised(node(kind, "x"))))
    assert fault.startswith("uses the operator ")
    assert fault.endswith(", which is not allowed")
    assert "\0" not in fault


def test_the_operators_of_the_library_were_reviewed() -> None:
    assert onnx.defs.onnx_opset_version() >= NEWEST_OPSET


def test_the_documentation_lists_the_operators() -> None:
    text = (Path(__file__).parents[4] / "docs/backbones.md").read_text(encoding="utf-8")
    listed = text.split("<!-- operators -->")[1].split("<!-- end -->")[0].replace("\n", " ")
    assert [name.strip() for name in listed.split(",")] == sorted(ALLOWED)
