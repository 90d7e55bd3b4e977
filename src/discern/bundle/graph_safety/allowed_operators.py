"""Operators that a graph may use, with their inputs, outputs and attributes.

The list has what Discern writes and what torch's two exporters write for networks that classify pictures; the graphs of
bundles and the user's own backbones are checked by the same list. Missing on purpose is whatever contains other graphs
(If, Loop, Scan), keeps a state, draws random numbers, handles texts, sequences or maps, or returns a result whose size
depends on the picture (NonZero, Unique, NonMaxSuppression).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from discern.bundle.graph_safety import constant_rules, elementwise_rules, layout_rules, matrix_rules, spatial_rules
from discern.bundle.graph_safety.operator_call import Call, Effect

_MANY = 1 << 14


@dataclass(frozen=True, slots=True)
class Operator:
    """Operator that a graph may use.

    Attributes:
        effect: function that computes the sizes of its results.
        least: number of inputs that it must have.
        most: number of inputs that it may have.
        outputs: number of outputs that it may have.
        attributes: kind of each attribute that it may have, by name.
    """

    effect: Callable[[Call], Effect]
    least: int
    most: int
    outputs: int
    attributes: Mapping[str, str]


def _operators(
    names: str, effect: Callable[[Call], Effect], inputs: tuple[int, int], attributes: str = "", *, outputs: int = 1
) -> dict[str, Operator]:
    """Describe operators that differ only in what they compute; attributes are written as `axis:int`."""
    kinds = dict[str, str]()
    for attribute in attributes.split():
        name, _, kind = attribute.partition(":")
        kinds[name] = kind
    return {name: Operator(effect, *inputs, outputs, MappingProxyType(kinds)) for name in names.split()}


_WINDOW = "auto_pad:text dilations:ints kernel_shape:ints pads:ints strides:ints"
_REDUCE = "axes:ints keepdims:int noop_with_empty_axes:int"

ALLOWED: Mapping[str, Operator] = MappingProxyType(
    # Element by element.
    _operators(
        "Abs Ceil Cos Erf Exp Floor HardSwish Log Mish Neg Not Reciprocal Relu Round Sigmoid Sign Sin Softplus "
        "Softsign Sqrt Tanh",
        elementwise_rules.keep_shape,
        (1, 1),
    )
    | _operators("Celu Elu LeakyRelu Swish ThresholdedRelu", elementwise_rules.keep_shape, (1, 1), "alpha:float")
    | _operators("HardSigmoid", elementwise_rules.keep_shape, (1, 1), "alpha:float beta:float")
    | _operators("Selu", elementwise_rules.keep_shape, (1, 1), "alpha:float gamma:float")
    | _operators("Gelu", elementwise_rules.keep_shape, (1, 1), "approximate:text")
    | _operators("Clip", elementwise_rules.clip, (1, 3))
    | _operators("Identity", elementwise_rules.keep_all, (1, 1))
    | _operators("Dropout", elementwise_rules.drop_nothing, (1, 3), "seed:int", outputs=2)
    | _operators("Cast", elementwise_rules.cast, (1, 1), "to:int saturate:int round_mode:text")
    | _operators("CastLike", elementwise_rules.cast_like, (2, 2), "saturate:int round_mode:text")
    | _operators("IsNaN", elementwise_rules.classify, (1, 1))
    | _operators("QuantizeLinear", elementwise_rules.quantise, (2, 3), "axis:int saturate:int")
    | _operators("DequantizeLinear", elementwise_rules.dequantise, (2, 3), "axis:int")
    | _operators("Add Mul PRelu Pow Sub", elementwise_rules.combine, (2, 2))
    | _operators("Div", elementwise_rules.divide, (2, 2))
    | _operators("Mod", elementwise_rules.divide, (2, 2), "fmod:int")
    | _operators("Max Mean Min Sum", elementwise_rules.combine, (1, 64))
    | _operators("And Equal Greater GreaterOrEqual Less LessOrEqual Or Xor", elementwise_rules.compare, (2, 2))
    | _operators("Where", elementwise_rules.choose, (3, 3))
    # Normalisation.
    | _operators("LogSoftmax Softmax", elementwise_rules.keep_shape_along_axis, (1, 1), "axis:int")
    | _operators("LpNormalization", elementwise_rules.keep_shape_along_axis, (1, 1), "axis:int p:int")
    | _operators(
        "BatchNormalization",
        elementwise_rules.normalise_batch,
        (5, 5),
        "epsilon:float momentum:float training_mode:int",
    )
    | _operators("InstanceNormalization", elementwise_rules.keep_shape, (3, 3), "epsilon:float")
    | _operators(
        "GroupNormalization", elementwise_rules.keep_shape, (3, 3), "epsilon:float num_groups:int stash_type:int"
    )
    | _operators(
        "LayerNormalization",
        elementwise_rules.normalise_layer,
        (2, 3),
        "axis:int epsilon:float stash_type:int",
        outputs=3,
    )
    | _operators(
        "RMSNormalization", elementwise_rules.keep_shape_along_axis, (2, 2), "axis:int epsilon:float stash_type:int"
    )
    | _operators("LRN", elementwise_rules.normalise_neighbours, (1, 1), "alpha:float beta:float bias:float size:int")
    # Windows over the picture.
    | _operators("Conv", spatial_rules.convolve, (2, 3), f"{_WINDOW} group:int")
    | _operators("AveragePool", spatial_rules.pool, (1, 1), f"{_WINDOW} ceil_mode:int count_include_pad:int")
    | _operators("MaxPool", spatial_rules.pool, (1, 1), f"{_WINDOW} ceil_mode:int storage_order:int", outputs=2)
    | _operators(
        "Resize",
        spatial_rules.resize,
        (1, 4),
        "antialias:int axes:ints coordinate_transformation_mode:text cubic_coeff_a:float exclude_outside:int "
        "extrapolation_value:float keep_aspect_ratio_policy:text mode:text nearest_mode:text",
    )
    | _operators("Pad", spatial_rules.pad, (2, 4), "mode:text")
    | _operators("GlobalAveragePool GlobalMaxPool", matrix_rules.pool_all, (1, 1))
    # Matrices and reductions.
    | _operators("MatMul", matrix_rules.multiply, (2, 2))
    | _operators("Gemm", matrix_rules.multiply_add, (2, 3), "alpha:float beta:float transA:int transB:int")
    | _operators("Einsum", matrix_rules.sum_products, (1, 2), "equation:text")
    | _operators(
        "Attention",
        matrix_rules.attend,
        (3, 4),
        "is_causal:int qk_matmul_output_mode:int scale:float softcap:float softmax_precision:int",
    )
    | _operators(
        "ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSumSquare",
        matrix_rules.reduce,
        (1, 2),
        _REDUCE,
    )
    | _operators("ReduceSum", matrix_rules.reduce, (1, 2), "keepdims:int noop_with_empty_axes:int")
    | _operators("ArgMax ArgMin", matrix_rules.find_extreme, (1, 1), "axis:int keepdims:int select_last_index:int")
    # Layout.
    | _operators("Concat", layout_rules.concatenate, (1, _MANY), "axis:int")
    | _operators("DepthToSpace", layout_rules.blocks_to_space, (1, 1), "blocksize:int mode:text")
    | _operators("Expand", layout_rules.expand, (2, 2))
    | _operators("Flatten", layout_rules.flatten, (1, 1), "axis:int")
    | _operators("Gather", layout_rules.gather, (2, 2), "axis:int")
    | _operators("Reshape", layout_rules.reshape, (2, 2), "allowzero:int")
    | _operators("ScatterND", elementwise_rules.scatter, (3, 3), "reduction:text")
    | _operators("Slice", layout_rules.cut, (3, 5))
    | _operators("SpaceToDepth", layout_rules.blocks_to_space, (1, 1), "blocksize:int")
    | _operators("Split", layout_rules.split, (1, 2), "axis:int num_outputs:int", outputs=256)
    | _operators("Squeeze", layout_rules.squeeze, (1, 2))
    | _operators("Tile", layout_rules.tile, (2, 2))
    | _operators("Transpose", layout_rules.transpose, (1, 1), "perm:ints")
    | _operators("Unsqueeze", layout_rules.unsqueeze, (2, 2))
    # Numbers.
    | _operators(
        "Constant",
        constant_rules.constant,
        (0, 0),
        "value:tensor value_float:float value_floats:floats value_int:int value_ints:ints",
    )
    | _operators("ConstantOfShape", constant_rules.fill, (1, 1), "value:tensor")
    | _operators("Range", constant_rules.count_up, (3, 3))
    | _operators("Shape", constant_rules.shape_of_input, (1, 1), "start:int end:int")
)
