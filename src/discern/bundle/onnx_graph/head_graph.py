"""Functions that append a classifier head and an out-of-distribution scorer to an ONNX backbone."""

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import TensorProto, helper

from discern.bundle.heads import (
    SMALLEST_LENGTH,
    SMALLEST_SQUARE,
    AnyHead,
    Head,
    LinearHead,
    OrdinalHead,
    Span,
    UnknownScorer,
)
from discern.bundle.onnx_graph.graph_writer import GraphWriter, serialise, shape_of
from discern.errors import BundleError

PREFIX = "discern/"
_ROWS, _CENTRED_ROWS = f"{PREFIX}rows", f"{PREFIX}centred_rows"


def attach_head(backbone_graph: bytes, head: Head, unknown: UnknownScorer, *, blocks: Mapping[str, Span]) -> bytes:
    """Append a classifier head and an out-of-distribution scorer to the ONNX graph of a backbone.

    Args:
        backbone_graph: ONNX model (opset 18 or later) from `pixels` to `embedding` `[N, D]` and perhaps `map`
            `[N, h, w, C]`.
        head: head for that embedding.
        unknown: unknown scorer for that embedding.
        blocks: start and end of the embedding's named blocks, "head" (the map's mean) first.

    Returns:
        ONNX model with the same operator sets, the same bytes for equal arguments, from `pixels` to `probabilities`
        `[N, K]`, `unknown_score` `[N]`, `embedding` `[N, D]` and `evidence` `[N, h, w, K]`, as `Head.evidence` defines
        it (class activation maps for a linear head, Zhou et al., CVPR 2016). Without a map, `evidence` is zeros
        `[N, 1, 1, K]`.

    Raises:
        BundleError: head, unknown scorer and backbone do not fit together.
    """
    spans = tuple(blocks.values())
    if not spans == head.spans == unknown.spans:
        raise BundleError(
            f"The backbone has the blocks {spans}, the head {head.spans}, and the unknown scorer {unknown.spans}."
        )
    if not isinstance(head, AnyHead):
        raise BundleError(f"A {type(head).__name__} cannot be written as an ONNX graph.")
    model = onnx.load_from_string(backbone_graph)
    names = [output.name for output in model.graph.output]
    if "embedding" not in names:
        raise BundleError(f"The backbone has no output `embedding`; its outputs are {', '.join(names)}.")
    writer = _HeadWriter(PREFIX)
    length = writer.unit_blocks(spans)
    rows = writer.head_rows(head)
    writer.unknown_score(unknown, writer.probabilities(head, rows))
    places = writer.evidence(head, model, rows, length)
    writer.append_to(model)
    _declare_outputs(model, classes=head.classes, width=spans[-1][1], places=places)
    return serialise(model)


class _HeadWriter(GraphWriter):
    """Builder of the ONNX nodes of a classifier head and an out-of-distribution scorer."""

    def array(self, values: np.ndarray) -> str:
        """Add an array as a numbered initializer, casting float16 to float32 when the graph runs."""
        name = self.weight(f"weight_{len(self._weights)}", values)
        return self.add("Cast", name, to=TensorProto.FLOAT) if values.dtype == np.float16 else name

    def numbers(self, *values: int) -> str:
        return self.array(np.array(values, np.int64))

    def scalar(self, value: float) -> str:
        return self.array(np.array(value, np.float32))

    def columns(self, values: str, span: Span) -> str:
        return self.add("Slice", values, self.numbers(span[0]), self.numbers(span[1]), self.numbers(1))

    def length(self, values: str) -> str:
        """Add operations that compute the positive L2 norm of each row."""
        norm = self.add("ReduceL2", values, self.numbers(1), keepdims=1)
        return self.add("Max", norm, self.scalar(SMALLEST_LENGTH))

    def reduce_rows(self, values: str, kind: str) -> str:
        """Add an operation that reduces each row of a matrix to one value."""
        return self.add(kind, values, self.numbers(1), keepdims=1)

    def unit_blocks(self, spans: tuple[Span, ...]) -> str:
        """Add operations that normalise the embedding blocks, and return the name of the first one's norms."""
        blocks = [self.columns("embedding", span) for span in spans]
        lengths = [self.length(block) for block in blocks]
        units = [self.add("Div", block, length) for block, length in zip(blocks, lengths, strict=True)]
        self.add("Concat", *units, axis=1, result=_ROWS)
        return lengths[0]

    def head_rows(self, head: Head) -> str:
        """Add operations that compute the inputs of a head: normalised blocks, those after the first centred."""
        if head.centre is None:
            return _ROWS
        units = [self.columns(_ROWS, head.spans[0])]
        for start, end in head.spans[1:]:
            block = self.add("Sub", self.columns(_ROWS, (start, end)), self.array(head.centre[start:end]))
            units.append(self.add("Div", block, self.length(block)))
        return self.add("Concat", *units, axis=1, result=_CENTRED_ROWS)

    def probabilities(self, head: AnyHead, rows: str) -> str:
        """Add the graph output `probabilities` and return the name of the logits."""
        if isinstance(head, OrdinalHead):
            logits = self.ordinal_logits(head, self.add("MatMul", rows, self.array(head.weight[:, None])))
        else:
            logits = self.add("Gemm", rows, self.array(head.weight), self.array(head.bias))
        factors = head.logit_factors
        corrected = logits if (factors == 1).all() else self.add("Mul", logits, self.array(factors))
        self.add("Softmax", corrected, axis=1, result="probabilities")
        return logits

    def ordinal_logits(self, head: OrdinalHead, score: str) -> str:
        """Add operations that convert ordinal scores to class logits along the last axis."""
        matrix, offset = head.softplus_map
        above = self.add("Sub", score, self.array(head.thresholds))
        hinges = self.add("Softplus", self.add("Concat", above, self.add("Neg", above), axis=-1))
        return self.add("Add", self.add("MatMul", hinges, self.array(matrix)), self.array(offset))

    def unknown_score(self, unknown: UnknownScorer, logits: str) -> None:
        """Add the graph output `unknown_score`, computed as in `UnknownScorer.score`."""
        known = self.add("MatMul", self.columns(_ROWS, unknown.spans[0]), self.array(unknown.prototypes.T))
        cosine = self.add("Sub", self.scalar(1.0), self.reduce_rows(known, "ReduceMax"))
        rows = self.add("Sub", self.add("Mul", _ROWS, self.array(unknown.scale)), self.array(unknown.centre))
        inside = self.add("MatMul", rows, self.array(unknown.within))
        along = self.add("MatMul", rows, self.array(unknown.directions))
        squares = self.add(
            "Sub", self.reduce_rows(rows, "ReduceSumSquare"), self.reduce_rows(inside, "ReduceSumSquare")
        )
        square = self.add("Max", squares, self.scalar(SMALLEST_SQUARE))
        angle = self.add("Div", self.reduce_rows(along, "ReduceMax"), self.add("Sqrt", square))
        whitened = self.add("Sub", self.scalar(1.0), angle)
        steps = self.add("Mul", along, self.array(2 * unknown.lengths))
        nearest = self.reduce_rows(self.add("Sub", self.array(unknown.lengths**2), steps), "ReduceMin")
        distance = self.add("Sqrt", self.add("Max", self.add("Add", square, nearest), self.scalar(0.0)))
        energy = self.add("Neg", self.reduce_rows(logits, "ReduceLogSumExp"))
        measures = self.add("Concat", cosine, whitened, distance, energy, axis=1)
        standard = self.add("Div", self.add("Sub", measures, self.array(unknown.mean)), self.array(unknown.spread))
        self.add("MatMul", standard, self.array(unknown.share), result="unknown_score")

    def evidence(self, head: Head, model: onnx.ModelProto, rows: str, length: str) -> tuple[int, int]:
        """Add the graph output `evidence` and return its height and width, -1 where dynamic."""
        shapes = {output.name: shape_of(output) for output in model.graph.output}
        _, height, width, channels = (size or -1 for size in shapes.get("map", (-1,) * 4))
        if channels != head.spans[0][1]:
            zeros = self.add("Mul", "probabilities", self.scalar(0.0))
            self.add("Unsqueeze", zeros, self.numbers(1, 2), result="evidence")
            return 1, 1
        if isinstance(head, OrdinalHead):
            moved = self.place_scores(head.weight[:channels, None], length)
            rest = self.add("MatMul", rows, self.array(head.rest_weight[:, None]))
            rest = self.add("Unsqueeze", rest, self.numbers(2, 3))
            whole = self.ordinal_logits(head, self.add("Add", rest, moved))
            self.add("Sub", whole, self.ordinal_logits(head, rest), result="evidence")
        elif isinstance(head, LinearHead):
            self.place_scores(head.map_weight, length, result="evidence")
        return height, width

    def place_scores(self, weight: np.ndarray, length: str, result: str | None = None) -> str:
        places = self.add("MatMul", "map", self.array(weight))
        return self.add("Div", places, self.add("Unsqueeze", length, self.numbers(2, 3)), result=result)


def _declare_outputs(model: onnx.ModelProto, *, classes: int, width: int, places: tuple[int, int]) -> None:
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
