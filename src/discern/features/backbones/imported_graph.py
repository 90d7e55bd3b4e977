"""Functions that validate exported ONNX models for use as backbones."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import numpy as np
import onnx
from onnx import TensorProto, helper, version_converter

from discern.bundle import open_runtime
from discern.bundle.graph_safety import find_encoding_fault, find_fault, output_shapes
from discern.bundle.onnx_graph import OPSET, GraphWriter, average_mirrored, rename, serialise, shape_of
from discern.errors import BackboneError
from discern.features.backbones.backbone import OnnxBackbone
from discern.features.backbones.float_export import adapt_float_export, is_float_export
from discern.features.backbones.normalisation import Normalisation
from discern.features.backbones.token_layout import TokenLayout

_TOLERANCE = 1e-3  # relative and absolute, of a single test run; not tuned
_REQUIRED = (
    "Export it with one input `pixels`, uint8 [N, S, S, 3] (N free, S fixed), and the output `embedding`, "
    "float32 [N, D]; optionally also `map`, float32 [N, h, w, D] or [N, D, h, w], whose mean is the embedding. Or "
    "export it as usual, with one float32 input [N, 3, S, S], and pass its --mean and --deviation."
)
_STANDARD = (
    "Export it for inference, as one file with its weights (with torch: external_data=False), with standard operators "
    "and with fixed sizes but for N; docs/backbones.md lists the operators and limits."
)


def import_graph(
    data: bytes,
    path: Path,
    *,
    size: int | None,
    mirror: bool,
    normalisation: Normalisation | None = None,
    layout: TokenLayout | None = None,
    search_map: bool = False,
) -> OnnxBackbone:
    """Validate an exported ONNX model with a trial run and wrap it as a backbone.

    A network for float pictures is changed first (see `adapt_float_export`).

    Args:
        data: serialised ONNX model.
        path: file that it comes from, for messages.
        size: height and width that its input must have, in pixels; None accepts what it declares.
        mirror: average the outputs for each picture and its mirror image.
        normalisation: normalisation of the pixels for a network that takes float pictures; None for that in its
            metadata.
        layout: tokens that a vision transformer for float pictures returns; None to search for its features.
        search_map: whether to search a network for float pictures for a map whose mean is not its features; the mean is
            then the block before them.

    Raises:
        BackboneError: it is not such a backbone, or has an input of another size.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    model, blocks, notes = _parse(
        data, path, size=size, normalisation=normalisation, layout=layout, search_map=search_map
    )
    own_size, width = _check_signature(model, path)
    if size not in (None, own_size):
        raise BackboneError(
            f"The backbone {path} takes pictures of {own_size} px, not of {size} px.",
            hint=f"Omit --size, or export it for {size} px.",
        )
    blocks = blocks or {"head": (0, width)}
    head = blocks["head"][1]
    _put_channels_last(model, head, path)
    _try_run(serialise(model), own_size, width, path, head=head)
    if mirror:
        average_mirrored(model)
    return OnnxBackbone(
        name=path.stem,
        graph=serialise(model),
        size=own_size,
        blocks=blocks,
        pretraining=f"data that are not known (file {path.name}, sha256 {sha256[:16]})",
        licence="not known",
        notes=notes,
    )


def _parse(
    data: bytes,
    path: Path,
    *,
    size: int | None,
    normalisation: Normalisation | None,
    layout: TokenLayout | None,
    search_map: bool,
) -> tuple[onnx.ModelProto, Mapping[str, tuple[int, int]], tuple[str, ...]]:
    """Parse an ONNX model, and return it with its blocks if it was changed and sentences on the changes."""
    if fault := find_encoding_fault(data):
        raise BackboneError(f"The backbone {path} {fault}.", hint=_STANDARD)
    try:
        model = onnx.load_model_from_string(data)
    except Exception as error:
        raise BackboneError(f"The backbone {path} is not an ONNX file.", hint=_REQUIRED) from error
    blocks: Mapping[str, tuple[int, int]] = {}
    notes: tuple[str, ...] = ()
    if is_float_export(model):
        features, notes = adapt_float_export(
            model,
            path,
            size=size,
            normalisation=normalisation,
            advice=_STANDARD,
            layout=layout,
            search_map=search_map,
        )
        blocks = features.blocks
        data = serialise(model)
    elif normalisation is not None:
        raise BackboneError(
            f"The backbone {path} does not take float pictures, so that they cannot be normalised.",
            hint="Omit --mean, --deviation and --scale: a network that takes uint8 pixels normalises them itself.",
        )
    if fault := find_fault(data):
        raise BackboneError(f"The backbone {path} {fault}.", hint=_STANDARD)
    if any(entry.version < OPSET for entry in model.opset_import):
        model, data = _convert(model, path)
    _declare_computed(model, output_shapes(data))
    return model, blocks, notes


def _convert(model: onnx.ModelProto, path: Path) -> tuple[onnx.ModelProto, bytes]:
    """Convert a model of an older opset to the one that heads are written in."""
    try:
        converted = version_converter.convert_version(model, OPSET)
        data = serialise(converted)
        fault = find_fault(data)
    except Exception as error:
        raise BackboneError(
            f"The backbone {path} cannot be converted to opset {OPSET}: {error}",
            hint=f"Export it with opset {OPSET} or later.",
        ) from error
    if fault:
        raise BackboneError(f"The backbone {path}, converted to opset {OPSET}, {fault}.", hint=_STANDARD)
    return converted, data


def _declare_computed(model: onnx.ModelProto, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Declare the fixed sizes of outputs that an exporter left open, as torch's older one does, in place."""
    for output in model.graph.output:
        declared, computed = output.type.tensor_type.shape, shapes[output.name]
        if not declared.dim:
            declared.dim.extend(onnx.TensorShapeProto.Dimension() for _ in computed)
        for axis, size in zip(declared.dim, computed, strict=True):
            if size >= 0 and not axis.HasField("dim_value"):
                axis.dim_value = size


def _check_signature(model: onnx.ModelProto, path: Path) -> tuple[int, int]:
    """Check the inputs and outputs of an ONNX model, and return its input size and embedding dimension."""
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    outputs = {value.name: value for value in model.graph.output}
    if [value.name for value in inputs] != ["pixels"] or not {"embedding"} <= set(outputs) <= {"embedding", "map"}:
        found = ", ".join(value.name for value in inputs), ", ".join(outputs)
        _reject(path, f"has the inputs {found[0]} and the outputs {found[1]}")
    if inputs[0].type.tensor_type.elem_type != TensorProto.UINT8:
        _reject(path, "does not take uint8 pixels")
    if any(value.type.tensor_type.elem_type != TensorProto.FLOAT for value in outputs.values()):
        _reject(path, "does not return float32")
    taken, returned = shape_of(inputs[0]), shape_of(outputs["embedding"])
    if len(taken) != 4 or taken[0] != -1 or taken[1] != taken[2] or taken[1] < 1 or taken[3] != 3:
        _reject(path, f"takes pixels of shape {list(taken)}")
    if len(returned) != 2 or returned[1] < 1:
        _reject(path, f"returns an embedding of shape {list(returned)}")
    return taken[1], returned[1]


def _put_channels_last(model: onnx.ModelProto, width: int, path: Path) -> None:
    """Move the channels of the output `map` of an ONNX model to the last axis, in place."""
    declared = next((value for value in model.graph.output if value.name == "map"), None)
    if declared is None:
        return
    shape = shape_of(declared)
    if len(shape) != 4 or min(shape[1:]) < 1 or width not in (shape[1], shape[3]):
        _reject(path, f"returns a map of shape {list(shape)} with an embedding of length {width}")
    if shape[3] == width:
        return
    rename(model.graph.node, {"map": "map/channels_first"})
    writer = GraphWriter(prefix="map/")
    writer.channels_last("map/channels_first", result="map")
    writer.append_to(model)
    declared.CopyFrom(helper.make_tensor_value_info("map", TensorProto.FLOAT, ["N", *shape[2:], width]))


def _try_run(graph: bytes, size: int, width: int, path: Path, *, head: int) -> None:
    """Check the outputs of an ONNX model for random images, both batched and single."""
    pictures = np.random.default_rng(0).integers(0, 256, (3, size, size, 3), np.uint8)
    try:
        runtime = open_runtime(graph, threads=1)
        outputs, alone = runtime.run({"pixels": pictures}), runtime.run({"pixels": pictures[:1]})["embedding"]
    except Exception as error:
        raise BackboneError(f"The backbone {path} cannot be run: {error}", hint=_REQUIRED) from error
    embedding = outputs["embedding"]
    if embedding.shape != (3, width) or not np.isfinite(embedding).all():
        _reject(path, "does not return one finite row per picture")
    if not np.allclose(alone, embedding[:1], rtol=_TOLERANCE, atol=_TOLERANCE):
        _reject(path, "returns different embeddings for a picture alone and in a batch")
    if "map" in outputs and not np.allclose(
        outputs["map"].mean(axis=(1, 2)), embedding[:, :head], rtol=_TOLERANCE, atol=_TOLERANCE
    ):
        _reject(path, "returns a map whose mean over the places is not the embedding")


def _reject(path: Path, why: str) -> NoReturn:
    raise BackboneError(f"The backbone {path} {why}.", hint=_REQUIRED)
