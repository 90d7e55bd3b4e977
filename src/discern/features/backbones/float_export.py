"""Functions that turn an exported network for normalised float pictures into a backbone for pixels."""

from math import isqrt
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from discern.bundle.graph_safety import find_fault, tensor_shapes
from discern.bundle.onnx_graph import GraphWriter, rename, serialise, shape_of
from discern.errors import BackboneError, UsageError
from discern.features.backbones.feature_outputs import (
    Features,
    NoFeatures,
    find_features,
    keep_needed,
    read_attribute,
    stored_tensors,
)
from discern.features.backbones.map_search import find_map
from discern.features.backbones.normalisation import WHITE, Normalisation, missing_normalisation
from discern.features.backbones.token_layout import TokenLayout
from discern.features.backbones.token_outputs import add_token_outputs, count_tokens

USUAL_SIZE = 224
_FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16)
_STEPS = (32, 16, 14)  # pixels; of the patches of transformers and of the coarsest maps of other networks
_COMMON_SIZES = {96, 112, 128, 160, 192, 224, 240, 256, 288, 299, 320, 384, 448, 512, 518}
_MAX_AXES = 8
_LAST = (1 << 63) - 1
_PREFIX, _FREED = "network/", "discern/freed/"
_OF_BATCHES = ("[N", "number of pictures")
"""Parts of the messages about sizes that do not fit every number of pictures."""

_FREE = (
    'Export it for any number of pictures, from an example of two: dynamic_axes={"input": {0: "N"}}, or with the newer '
    'exporter dynamic_shapes=({0: torch.export.Dim("N")},).'
)
_OUTPUT = (
    "Export one output, the features [N, D] (for a transformer the first token, or the mean of the tokens) or the "
    "last map [N, D, h, w]; of several, call the features `embedding`."
)


def is_float_export(model: onnx.ModelProto) -> bool:
    """Check whether an ONNX model has a single input, float pictures in batches."""
    inputs = _inputs(model.graph)
    if len(inputs) != 1 or inputs[0].type.tensor_type.elem_type not in _FLOATS:
        return False
    return len(shape_of(inputs[0])) == 4


def adapt_float_export(
    model: onnx.ModelProto,
    path: Path,
    *,
    size: int | None,
    normalisation: Normalisation | None,
    advice: str,
    layout: TokenLayout | None = None,
    search_map: bool = False,
) -> tuple[Features, tuple[str, ...]]:
    """Change an exported network to take uint8 pixels and return `embedding` and perhaps `map`, in place.

    The normalisation becomes part of the graph. Sizes and numbers of pictures that the export left open or fixed are
    set, and operators that the features do not need are removed.

    Args:
        model: network with one input `[N, 3, H, W]` or `[N, H, W, 3]`, float32 or float16.
        path: file that it comes from, for messages.
        size: height and width of the pictures, in pixels; None for those of the file, or 224 if it leaves them open.
        normalisation: normalisation of the pixels; None for that in the metadata of the file.
        advice: how to export a network with allowed operators and sizes.
        layout: tokens that the network returns; None to search for its features.
        search_map: whether to search for a map whose mean is not the features (see `find_map`).

    Returns:
        The features, and sentences on the choices made, for people.

    Raises:
        BackboneError: the network is not known to be safe, its normalisation is not known, or it has no features.
    """
    found = normalisation or _read_normalisation(model, path)
    graph = model.graph
    taken = _inputs(graph)[0]
    shape = shape_of(taken)
    if layout:
        shape = (shape[0], 3, *shape[2:])  # exporters for the hub leave even the number of channels open
    channels_last = shape[1] != 3 and shape[3] == 3
    if not channels_last and shape[1] != 3:
        raise BackboneError(f"The backbone {path} takes pictures of shape {_shape_text(shape)}.", hint=_OUTPUT)
    size = _choose_size(shape[1:3] if channels_last else shape[2:], path, size)
    _strip_descriptions(model)
    if shape[0] != -1:
        _free_batch(graph, shape[0])
    try:
        features = add_token_outputs(model, layout) if layout else None
        _set_size(model, taken.name, size, channels_last=channels_last)
        checked = _check(model, path, declared=shape, size=size, advice=advice)
        shapes = tensor_shapes(checked)
        features = count_tokens(features, shapes) if features else find_features(model, shapes)
    except NoFeatures as error:
        hint = _OUTPUT if shape[0] == -1 else f"{_FREE} {_OUTPUT}"
        raise BackboneError(f"The backbone {path} {error}.", hint=hint) from error
    if search_map and features.map is None:
        features = find_map(graph, shapes, features)
    _wrap(model, taken, features, found, size=size, channels_last=channels_last)
    notes = () if normalisation else (f"{path.name} is fed with {found.describe()}, as its metadata say.",)
    return features, (*notes, f"{path.name}: {features.note}") if features.note else notes


def _read_normalisation(model: onnx.ModelProto, path: Path) -> Normalisation:
    try:
        found = Normalisation.read({entry.key: entry.value for entry in model.metadata_props})
    except UsageError as error:
        raise BackboneError(f"The backbone {path} cannot be used. {error.message}", hint=error.hint) from error
    if found is None:
        message, hint = missing_normalisation()
        raise BackboneError(f"The backbone {path} {message}.", hint=hint)
    return found


def _choose_size(declared: tuple[int, ...], path: Path, size: int | None) -> int:
    fixed = {side for side in declared if side != -1}
    if len(fixed) > 1:
        raise BackboneError(
            f"The backbone {path} takes pictures of {declared[1]} x {declared[0]} px.",
            hint="Pictures are made square: export it with equal height and width, or with dynamic ones.",
        )
    own = min(fixed, default=None)
    if own is not None and size not in (None, own):
        raise BackboneError(
            f"The backbone {path} takes pictures of {own} px, not of {size} px.",
            hint=f"Omit --size, or export it for {size} px or with dynamic height and width.",
        )
    return own or size or USUAL_SIZE


def _strip_descriptions(model: onnx.ModelProto) -> None:
    """Remove the texts that exporters write for developers, among them paths of their machine, in place."""
    del model.metadata_props[:]
    del model.graph.value_info[:], model.graph.metadata_props[:], model.graph.quantization_annotation[:]
    model.doc_string = model.graph.doc_string = ""
    for part in (*model.graph.node, *model.graph.initializer, *model.graph.input, *model.graph.output):
        part.doc_string = ""
        del part.metadata_props[:]


def _free_batch(graph: onnx.GraphProto, batch: int) -> None:
    """Let a network that was exported for a fixed number of pictures take any, as far as its shapes allow, in place.

    Only the shapes to which the exporter wrote that number are changed. The checks of sizes and a trial run decide
    whether the result still treats each picture alone.
    """
    stored = stored_tensors(graph)
    computed = {_inputs(graph)[0].name}
    for number, node in enumerate(graph.node):
        if not computed.intersection(node.input):
            continue
        computed.update(node.output)
        if node.op_type != "Reshape" or len(node.input) != 2 or node.input[1] not in stored:
            continue
        shape = numpy_helper.to_array(stored[node.input[1]])
        if shape.ndim == 1 and 0 < len(shape) <= _MAX_AXES and shape[0] == batch:
            # 0 keeps the number, unless a zero is allowed as a length.
            keep = -1 in shape and not read_attribute(node, "allowzero", 0)
            free = np.array([0 if keep else -1, *shape[1:]], np.int64)
            name = f"{_FREED}{number}"
            graph.initializer.append(numpy_helper.from_array(free, name))
            node.input[1] = name


def _set_size(model: onnx.ModelProto, name: str, size: int, *, channels_last: bool) -> None:
    """Declare the input of a network for N pictures of one size, and leave the sizes of its outputs open, in place."""
    graph = model.graph
    taken = next(value for value in graph.input if value.name == name)
    shape = ["N", size, size, 3] if channels_last else ["N", 3, size, size]
    kind = taken.type.tensor_type.elem_type
    del graph.input[:]
    graph.input.append(helper.make_tensor_value_info(name, kind, shape))
    for output in graph.output:
        output.type.tensor_type.ClearField("shape")


def _check(model: onnx.ModelProto, path: Path, *, declared: tuple[int, ...], size: int, advice: str) -> bytes:
    """Check that a network is safe to run and accepts pictures of a size, and return it serialised.

    Raises:
        BackboneError: it is not safe, or it accepts other sizes, which are named.
    """
    data = serialise(model)
    fault = find_fault(data)
    if not fault:
        return data
    channels_last = declared[1] != 3
    if -1 in (declared[1:3] if channels_last else declared[2:]):
        others = [other for other in _sizes_near(size) if not _fault_at(model, other, channels_last=channels_last)]
        if others:
            raise BackboneError(
                f"The backbone {path} does not take pictures of {size} px: it {fault}.",
                hint=f"Choose a size that it takes with --size, such as {' or '.join(map(str, others[:3]))}.",
            )
    if declared[0] != -1 and any(sign in fault for sign in _OF_BATCHES):
        raise BackboneError(
            f"The backbone {path} was exported for a batch of {declared[0]}; for other numbers, it {fault}.",
            hint=_FREE,
        )
    raise BackboneError(f"The backbone {path} {fault}.", hint=advice)


def _sizes_near(size: int) -> list[int]:
    """Return sizes that networks with such requirements commonly accept, the nearest first."""
    multiples = {place * step for step in _STEPS for place in (size // step, size // step + 1)}
    return sorted((multiples | _COMMON_SIZES) - {0, size}, key=lambda other: (abs(other - size), other))


def _fault_at(model: onnx.ModelProto, size: int, *, channels_last: bool) -> str | None:
    _set_size(model, model.graph.input[0].name, size, channels_last=channels_last)
    return find_fault(serialise(model))


def _wrap(
    model: onnx.ModelProto,
    taken: onnx.ValueInfoProto,
    features: Features,
    by: Normalisation,
    *,
    size: int,
    channels_last: bool,
) -> None:
    """Put the normalisation before a network and the outputs of a backbone after it, in place."""
    graph, name, kind = model.graph, taken.name, taken.type.tensor_type.elem_type
    _rename_all(graph)
    front = GraphWriter(prefix="input/")
    pixels = "pixels" if channels_last else front.channels_first("pixels")
    scaled = front.add("Cast", pixels, to=TensorProto.FLOAT)
    mean, deviation = (
        np.array(each, np.float32).reshape((3,) if channels_last else (3, 1, 1)) * np.float32(WHITE / by.scale)
        for each in (by.mean, by.deviation)
    )
    scaled = front.add("Sub", scaled, front.weight("mean", mean))
    scaled = front.add("Div", scaled, front.weight("deviation", deviation))
    front.add("Cast", scaled, to=kind, result=_PREFIX + name)
    back = _write_outputs(features)
    back.append_to(model, before=front)
    del graph.input[:], graph.output[:]
    graph.input.append(helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["N", size, size, 3]))
    shapes = {"embedding": ["N", features.width + features.vector_width]}
    if features.map is not None:
        shapes["map"] = [None] * 4
    graph.output.extend(helper.make_tensor_value_info(each, TensorProto.FLOAT, shapes[each]) for each in shapes)
    keep_needed(graph)


def _write_outputs(features: Features) -> GraphWriter:
    """Write the operators that compute `embedding` and `map` from the features of a network."""
    back = GraphWriter(prefix="output/")
    maps = None if features.map is None else back.add("Cast", _PREFIX + features.map, to=TensorProto.FLOAT)
    if maps is not None and features.tokens:
        if features.prefix:
            maps = back.add("Slice", maps, back.numbers(features.prefix), back.numbers(_LAST), back.numbers(1))
        side = isqrt(features.tokens - features.prefix)
        maps = back.add("Reshape", maps, back.numbers(-1, side, side, features.width))
    parts = []
    if maps is not None and (features.block or features.embedding is None):
        parts.append(back.add("GlobalAveragePool", back.channels_first(maps) if features.channels_last else maps))
    if features.embedding is not None:
        vector = back.add("Cast", _PREFIX + features.embedding, to=TensorProto.FLOAT)
        if features.tokens and maps is None:
            vector = back.add("Gather", vector, back.weight("first", np.array(0)), axis=1)
        parts.append(vector)
    if len(parts) == 1:
        back.add("Flatten", *parts, result="embedding")
    else:
        back.add("Concat", *(back.add("Flatten", part) for part in parts), axis=1, result="embedding")
    if maps is not None and features.channels_last:
        back.add("Identity", maps, result="map")
    elif maps is not None:
        back.channels_last(maps, result="map")
    return back


def _rename_all(graph: onnx.GraphProto) -> None:
    """Put a prefix before the names of all tensors of a graph, so that none is one of ours, in place."""
    names = {name for node in graph.node for name in (*node.input, *node.output) if name}
    rename(graph.node, {name: _PREFIX + name for name in names})
    for tensor in graph.initializer:
        tensor.name = _PREFIX + tensor.name


def _inputs(graph: onnx.GraphProto) -> list[onnx.ValueInfoProto]:
    weights = {tensor.name for tensor in graph.initializer}
    return [value for value in graph.input if value.name not in weights]


def _shape_text(shape: tuple[int, ...]) -> str:
    return f"[{', '.join('N' if side == -1 else str(side) for side in shape)}]"
