"""Takes a backbone that somebody else exported to ONNX, after looking at it."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import numpy as np
import onnx
from onnx import TensorProto, helper

from discern.bundle import open_runtime
from discern.bundle.onnx_graph import GraphWriter, average_mirrored, rename, serialise, shape_of
from discern.errors import BackboneError
from discern.features.backbones.backbone import OnnxBackbone

OLDEST_OPSET, NEWEST_OPSET = 13, 25
MAX_BYTES = 1 << 30
_WANTED = (
    "Export it with one input `pixels`, uint8 [N, S, S, 3] (N free, S fixed), and the outputs `embedding`, "
    "float32 [N, D], and perhaps `map`, float32 [N, h, w, D] or [N, D, h, w], whose mean is the embedding."
)


def load_onnx_file(path: Path, *, size: int | None, mirror: bool) -> OnnxBackbone:
    """The backbone in an ONNX file: checked, tried once, and wrapped so that it averages mirrored views.

    Args:
        path: the file; its weights must be inside it.
        size: what the file's pictures must measure, in pixels; None takes what it says.
        mirror: also pass each picture mirrored left to right, and average.

    Raises:
        BackboneError: the file is not such a backbone, or takes pictures of another size.
    """
    data = _read(path)
    model = _parse(data, path)
    sha256 = hashlib.sha256(data).hexdigest()
    own_size, width = _check_signature(model, path)
    if size not in (None, own_size):
        raise BackboneError(f"The backbone {path} takes pictures of {own_size} px, not of {size} px.", hint=_WANTED)
    _put_channels_last(model, width, path)
    _try(serialise(model), own_size, width, path)
    if mirror:
        average_mirrored(model)
    return OnnxBackbone(
        name=path.stem,
        graph=serialise(model),
        size=own_size,
        blocks={"head": (0, width)},
        pretraining=f"not known: the user's own file {path.name}, sha256 {sha256[:16]}",
        licence="not known",
    )


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise BackboneError(f"There is no backbone file {path}.", hint="Give the path of an .onnx file.")
        if path.stat().st_size > MAX_BYTES:
            _refuse(path, f"is larger than {MAX_BYTES >> 20} MiB")
        return path.read_bytes()
    except OSError as error:
        raise BackboneError(f"The backbone {path} cannot be read: {error.strerror}.") from error


def _parse(data: bytes, path: Path) -> onnx.ModelProto:
    try:
        model = onnx.load_model_from_string(data)
    except Exception as error:
        raise BackboneError(f"The backbone {path} is not an ONNX file.", hint=_WANTED) from error
    opsets = {entry.domain: entry.version for entry in model.opset_import}
    if not OLDEST_OPSET <= opsets.get("", 0) <= NEWEST_OPSET:
        _refuse(path, f"uses opset {opsets.get('', 0)}, not one of {OLDEST_OPSET} to {NEWEST_OPSET}")
    if model.functions or set(opsets) - {"", "ai.onnx"}:
        _refuse(path, "uses operations beyond the standard ones")
    if any(tensor.data_location == TensorProto.EXTERNAL or tensor.external_data for tensor in _tensors(model.graph)):
        _refuse(path, "keeps its weights in other files")
    return model


def _check_signature(model: onnx.ModelProto, path: Path) -> tuple[int, int]:
    """The pictures' height and width, and the embedding's length, as the file declares them."""
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    outputs = {value.name: value for value in model.graph.output}
    if [value.name for value in inputs] != ["pixels"] or not {"embedding"} <= set(outputs) <= {"embedding", "map"}:
        found = ", ".join(value.name for value in inputs), ", ".join(outputs)
        _refuse(path, f"goes from {found[0]} to {found[1]}")
    if inputs[0].type.tensor_type.elem_type != TensorProto.UINT8:
        _refuse(path, "does not take uint8")
    if any(value.type.tensor_type.elem_type != TensorProto.FLOAT for value in outputs.values()):
        _refuse(path, "does not give float32")
    taken, given = shape_of(inputs[0]), shape_of(outputs["embedding"])
    if len(taken) != 4 or taken[0] != -1 or taken[1] != taken[2] or taken[1] < 1 or taken[3] != 3:
        _refuse(path, f"takes pixels of shape {list(taken)}")
    if len(given) != 2 or given[1] < 1:
        _refuse(path, f"gives an embedding of shape {list(given)}")
    return taken[1], given[1]


def _put_channels_last(model: onnx.ModelProto, width: int, path: Path) -> None:
    """Turn a map `[N, D, h, w]` into `[N, h, w, D]`, in place."""
    declared = next((value for value in model.graph.output if value.name == "map"), None)
    if declared is None:
        return
    shape = shape_of(declared)
    if len(shape) != 4 or min(shape[1:]) < 1 or width not in (shape[1], shape[3]):
        _refuse(path, f"gives a map of shape {list(shape)} beside an embedding of {width}")
    if shape[3] == width:
        return
    rename(model.graph.node, {"map": "map/channels_first"})
    writer = GraphWriter(prefix="map/")
    writer.channels_last("map/channels_first", result="map")
    writer.append_to(model)
    declared.CopyFrom(helper.make_tensor_value_info("map", TensorProto.FLOAT, ["N", *shape[2:], width]))


def _try(graph: bytes, size: int, width: int, path: Path) -> None:
    """Run three random pictures, together and one of them alone."""
    pictures = np.random.default_rng(0).integers(0, 256, (3, size, size, 3), np.uint8)
    try:
        runtime = open_runtime(graph, threads=1)
        answers, alone = runtime.run({"pixels": pictures}), runtime.run({"pixels": pictures[:1]})["embedding"]
    except Exception as error:
        raise BackboneError(f"The backbone {path} does not run: {error}", hint=_WANTED) from error
    embedding = answers["embedding"]
    if embedding.shape != (3, width) or not np.isfinite(embedding).all():
        _refuse(path, "does not give one finite row per picture")
    if not np.allclose(alone, embedding[:1], rtol=1e-3, atol=1e-3):
        _refuse(path, "sees a picture differently when others stand beside it")
    if "map" in answers and not np.allclose(answers["map"].mean(axis=(1, 2)), embedding, rtol=1e-3, atol=1e-3):
        _refuse(path, "gives a map whose mean over the places is not the embedding")


def _tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    """Every constant of a graph, those inside its operations too."""
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                yield from (sparse.values, sparse.indices)
            for inner in (attribute.g, *attribute.graphs):
                yield from _tensors(inner)


def _refuse(path: Path, why: str) -> NoReturn:
    raise BackboneError(f"The backbone {path} {why}.", hint=_WANTED)
