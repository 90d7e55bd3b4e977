"""Writes a fitted head behind a backbone: one graph from bytes to answers."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from discern.bundle.heads import SMALLEST_LENGTH, SMALLEST_SQUARE, Head, LinearHead, OrdinalHead, Span, UnknownScorer
from discern.errors import BundleError

if TYPE_CHECKING:
    import onnx

PREFIX = "discern/"


def attach_head(backbone_graph: bytes, head: Head, unknown: UnknownScorer, *, blocks: Mapping[str, Span]) -> bytes:
    """Put a head and an unknown score behind a backbone.

    Args:
        backbone_graph: ONNX model (opset 18 or later) from `pixels` to `embedding` `[N, D]` and perhaps `map`
            `[N, h, w, C]`.
        head: reads the embedding.
        unknown: reads the embedding.
        blocks: start and end of the embedding's named blocks, "head" (the map's mean) first.

    Returns:
        ONNX model, same operator set and same bytes for the same input, from `pixels` to `probabilities` `[N, K]`,
        `unknown_score` `[N]`, `embedding` `[N, D]` and `evidence` `[N, h, w, K]`: what each place says for each label,
        see `parts.Head.evidence` (for a linear head class activation maps, Zhou et al., CVPR 2016). Without a map:
        zeros `[N, 1, 1, K]`.

    Raises:
        BundleError: head, unknown score and backbone do not fit together.
    """
    import onnx  # noqa: PLC0415 - serving never needs it

    spans = tuple(blocks.values())
    if not spans == head.spans == unknown.spans:
        raise BundleError(f"The backbone has blocks {spans}; the head {head.spans}, the unknown score {unknown.spans}.")
    model = onnx.load_from_string(backbone_graph)
    names = [output.name for output in model.graph.output]
    if "embedding" not in names:
        raise BundleError(f"The backbone gives {', '.join(names)} and no embedding.")
    writer = _Writer()
    lengths = writer.unit_blocks(spans)
    writer.unknown(unknown, writer.head(head))
    places = writer.evidence(head, model, lengths[0])
    _finish(model, writer, classes=head.classes, width=spans[-1][1], places=places)
    return bytes(model.SerializeToString(deterministic=True))


class _Writer:
    """Collects nodes and weights; each method adds what one part computes."""

    def __init__(self) -> None:
        from onnx import helper, numpy_helper  # noqa: PLC0415 - serving never needs it

        self._helper, self._numpy = helper, numpy_helper
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def add(self, kind: str, *inputs: str, result: str | None = None, **attributes: Any) -> str:
        """Add an operation; returns the name of its result."""
        name = f"{PREFIX}{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(self._helper.make_node(kind, list(inputs), [result or name], name=name, **attributes))
        return result or name

    def array(self, values: np.ndarray) -> str:
        """Keep an array; half precision is widened where it is used, so that half of it travels."""
        name = f"{PREFIX}weight_{len(self.weights)}"
        self.weights.append(self._numpy.from_array(np.asarray(values, order="C"), name))
        return self.add("Cast", name, to=1) if values.dtype == np.float16 else name

    def numbers(self, *values: int) -> str:
        return self.array(np.array(values, np.int64))

    def scalar(self, value: float) -> str:
        return self.array(np.array(value, np.float32))

    def columns(self, values: str, span: Span) -> str:
        return self.add("Slice", values, self.numbers(span[0]), self.numbers(span[1]), self.numbers(1))

    def length(self, values: str) -> str:
        """Of each row of `[N, D]`: `[N, 1]`, never 0."""
        norm = self.add("ReduceL2", values, self.numbers(1), keepdims=1)
        return self.add("Max", norm, self.scalar(SMALLEST_LENGTH))

    def unit_blocks(self, spans: tuple[Span, ...]) -> list[str]:
        """`parts.unit_blocks`, named "discern/rows"; returns the names of the blocks' lengths."""
        blocks = [self.columns("embedding", span) for span in spans]
        lengths = [self.length(block) for block in blocks]
        units = [self.add("Div", block, length) for block, length in zip(blocks, lengths, strict=True)]
        self.add("Concat", *units, axis=1, result=f"{PREFIX}rows")
        return lengths

    def head(self, head: Head) -> str:
        """Adds `probabilities`; returns the name of the logits."""
        rows = f"{PREFIX}rows"
        if isinstance(head, OrdinalHead):
            logits = self.climb(head, self.add("MatMul", rows, self.array(head.weight[:, None])))
        elif isinstance(head, LinearHead):
            logits = self.add("Gemm", rows, self.array(head.weight), self.array(head.bias))
        else:
            raise BundleError(f"A head of kind {type(head).__name__} cannot be written as a graph.")
        self.add("Softmax", logits, axis=1, result="probabilities")
        return logits

    def climb(self, head: OrdinalHead, score: str) -> str:
        """Logits `[..., K]` of scores `[..., 1]`."""
        steps, offset = head.softplus_map
        above = self.add("Sub", score, self.array(head.thresholds))
        hinges = self.add("Softplus", self.add("Concat", above, self.add("Neg", above), axis=-1))
        return self.add("Add", self.add("MatMul", hinges, self.array(steps)), self.array(offset))

    def unknown(self, unknown: UnknownScorer, logits: str) -> None:
        """Adds `unknown_score`, operation by operation what `UnknownScorer.score` computes."""
        rows = f"{PREFIX}rows"
        known = self.add("MatMul", self.columns(rows, unknown.spans[0]), self.array(unknown.prototypes.T))
        cosine = self.add("Sub", self.scalar(1.0), self.over(known, "ReduceMax"))
        rows = self.add("Sub", self.add("Mul", rows, self.array(unknown.scale)), self.array(unknown.centre))
        inside = self.add("MatMul", rows, self.array(unknown.within))
        along = self.add("MatMul", rows, self.array(unknown.directions))
        squares = self.add("Sub", self.over(rows, "ReduceSumSquare"), self.over(inside, "ReduceSumSquare"))
        square = self.add("Max", squares, self.scalar(SMALLEST_SQUARE))
        angle = self.add("Div", self.over(along, "ReduceMax"), self.add("Sqrt", square))
        whitened = self.add("Sub", self.scalar(1.0), angle)
        steps = self.add("Mul", along, self.array(2 * unknown.lengths))
        nearest = self.over(self.add("Sub", self.array(unknown.lengths**2), steps), "ReduceMin")
        distance = self.add("Sqrt", self.add("Max", self.add("Add", square, nearest), self.scalar(0.0)))
        energy = self.add("Neg", self.over(logits, "ReduceLogSumExp"))
        measures = self.add("Concat", cosine, whitened, distance, energy, axis=1)
        standard = self.add("Div", self.add("Sub", measures, self.array(unknown.mean)), self.array(unknown.spread))
        self.add("MatMul", standard, self.array(unknown.share), result="unknown_score")

    def over(self, values: str, kind: str) -> str:
        """Reduce `[N, n]` to `[N, 1]`."""
        return self.add(kind, values, self.numbers(1), keepdims=1)

    def evidence(self, head: Head, model: "onnx.ModelProto", length: str) -> tuple[int, int]:
        """Adds `evidence` `[N, h, w, K]`; returns (h, w), -1 where the backbone does not say."""
        shapes = {output.name: output.type.tensor_type.shape.dim for output in model.graph.output}
        _, height, width, channels = (size.dim_value or -1 for size in shapes.get("map", [_Unknown()] * 4))
        if channels != head.spans[0][1]:
            zeros = self.add("Mul", "probabilities", self.scalar(0.0))
            self.add("Unsqueeze", zeros, self.numbers(1, 2), result="evidence")
            return 1, 1
        if isinstance(head, OrdinalHead):
            moved = self.places(head.weight[:channels, None], length)
            rest = self.add("MatMul", f"{PREFIX}rows", self.array(head.rest_weight[:, None]))
            rest = self.add("Unsqueeze", rest, self.numbers(2, 3))
            self.add("Sub", self.climb(head, self.add("Add", rest, moved)), self.climb(head, rest), result="evidence")
        elif isinstance(head, LinearHead):
            self.places(head.map_weight, length, result="evidence")
        return height, width

    def places(self, weight: np.ndarray, length: str, result: str | None = None) -> str:
        """What each place of the map adds, by weights `[C, n]` on the unit-length block "head": `[N, h, w, n]`."""
        places = self.add("MatMul", "map", self.array(weight))
        return self.add("Div", places, self.add("Unsqueeze", length, self.numbers(2, 3)), result=result)


class _Unknown:
    dim_value = 0


def _finish(model: "onnx.ModelProto", writer: _Writer, *, classes: int, width: int, places: tuple[int, int]) -> None:
    """Put the writer's nodes behind the model's, and declare the outputs."""
    from onnx import TensorProto, helper  # noqa: PLC0415 - serving never needs it

    model.graph.node.extend(writer.nodes)
    model.graph.initializer.extend(writer.weights)
    shapes = {
        "probabilities": ["N", classes],
        "unknown_score": ["N"],
        "embedding": ["N", width],
        "evidence": ["N", *(place if place > 0 else name for place, name in zip(places, "hw", strict=True)), classes],
    }
    del model.graph.output[:]
    model.graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()
    )
