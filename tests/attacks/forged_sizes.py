"""Forged graphs that need more memory or time than a machine has, or an amount that depends on the picture."""

from collections.abc import Callable

import numpy as np
import onnx
from onnx import TensorProto, helper

from tests.attacks.forged_bundle import Additions, ForgedGraph, computing, on_model, table, tensor_value

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
MEBI, GIBI = 2**20, 2**30


def _many(count: int, add: Callable[[Additions], str]) -> Callable[[Additions], str]:
    """Return a function that adds many results, and their sum."""

    def compute(additions: Additions) -> str:
        return additions.add("Sum", *[additions.add("ReduceSum", add(additions), keepdims=0) for _ in range(count)])

    return compute


def _chain(length: int, start: Callable[[Additions], str], *operation: str, **attributes: object):
    """Return a function that applies an operator many times, with its input in the place of each `_`."""

    def compute(additions: Additions) -> str:
        result = start(additions)
        for _ in range(length):
            result = additions.add(
                operation[0], *[result if word == "_" else word for word in operation[1:]], **attributes
            )
        return result

    return compute


def _floats(additions: Additions) -> str:
    """Add the pixels as floats `[N, 3, S, S]`."""
    moved = additions.add("Transpose", "pixels", perm=[0, 3, 1, 2])
    return additions.add("Cast", moved, to=FLOAT)


def _rows(additions: Additions) -> str:
    """Add the pixels as floats `[N, 3 S S]`."""
    return additions.add("Flatten", additions.add("Cast", "pixels", to=FLOAT))


def _first(additions: Additions) -> str:
    """Add the sum of all pixels as an int64 vector of length 1."""
    total = additions.add("ReduceSum", additions.add("Cast", "pixels", to=INT64), keepdims=0)
    return additions.add("Reshape", total, additions.constant([1]))


def _convolution(
    additions: Additions, *, filters: int, kernel: int, values: str | None = None, channels: int = 3, **more: object
) -> str:
    weight = additions.zeros(filters, channels, kernel, kernel)
    return additions.add("Conv", values or _floats(additions), weight, **more)


def _doubling_axes(additions: Additions) -> str:
    """Double a tensor forty times by Concat."""
    result = additions.zeros(1024)
    for _ in range(40):
        result = additions.add("Concat", result, result, axis=0)
    return result


def _picture_power(additions: Additions) -> str:
    """Multiply the number of pictures with itself, [N, N, N, N]."""
    length = additions.add("Shape", "pixels", start=0, end=1)
    return additions.add(
        "Expand",
        additions.add("Reshape", additions.constant(0, np.float32), additions.constant([1])),
        additions.add("Concat", *[length] * 4, axis=0),
    )


def _products_of_pictures(additions: Additions) -> str:
    """Compare each picture with each other, [N, N]."""
    rows = _rows(additions)
    return additions.add("MatMul", rows, additions.add("Transpose", rows, perm=[1, 0]))


def _weight(**fields: object) -> Callable[[bytes], bytes]:
    """Return a change that adds an initializer with the given fields."""
    return on_model(lambda model: model.graph.initializer.append(TensorProto(name="forged", **fields)))


def _resized(additions: Additions, *, scale: float = 1.0, sizes: tuple[int, ...] = ()) -> str:
    floats = _floats(additions)
    if sizes:
        return additions.add("Resize", floats, "", "", additions.constant(sizes), mode="nearest")
    return additions.add("Resize", floats, "", additions.constant([1, 1, scale, scale], np.float32), mode="nearest")


def _ratio(additions: Additions, size: str) -> str:
    one = additions.constant([1])
    sizes = additions.add("Concat", one, one, size, size, axis=0)
    return additions.add("Resize", _floats(additions), "", "", sizes, mode="nearest")


PICTURE_SIZES: dict[str, Callable[[Additions, str], str]] = {
    "Range": lambda a, size: a.add("Range", a.constant(0), a.add("Squeeze", size), a.constant(1)),
    "OneHot": lambda a, size: a.add("OneHot", a.constant([1]), size, a.constant([0, 1], np.float32)),
    "Slice": lambda a, size: a.add("Slice", _rows(a), a.constant([0]), size, a.constant([1])),
    "Pad": lambda a, size: a.add("Pad", a.zeros(1), a.add("Concat", a.constant([1]), size, axis=0)),
    "TopK": lambda a, size: a.add("TopK", _rows(a), size, outputs=2),
    "Resize": _ratio,
    "Reshape": lambda a, size: a.add("Reshape", "pixels", a.add("Concat", size, a.constant([1]), axis=0)),
    "ConstantOfShape": lambda a, size: a.add("ConstantOfShape", size),
    "Tile": lambda a, size: a.add("Tile", a.zeros(1), size),
    "Expand": lambda a, size: a.add("Expand", a.zeros(1), size),
    "Split": lambda a, size: a.add("Split", _rows(a), a.add("Concat", size, a.constant([1]), axis=0), outputs=2),
}
"""Operators with the sum of all pixels as a size."""


def _declared_pixels(size: int) -> Callable[[bytes], bytes]:
    def act(model: onnx.ModelProto) -> None:
        model.graph.input[0].CopyFrom(tensor_value("pixels", TensorProto.UINT8, ["N", size, size, 3]))

    return on_model(act)


def _recurrent(additions: Additions) -> str:
    """Run a recurrent network with 10^5 hidden units over 10^6 steps."""
    steps, hidden = 10**6, 10**5
    return additions.add(
        "LSTM",
        additions.zeros(steps, 1, 1),
        additions.zeros(1, 4 * hidden, 1),
        additions.zeros(1, 4 * hidden, hidden),
        hidden_size=hidden,
    )


def _square(additions: Additions, side: int = 4096) -> str:
    return additions.zeros(side, side)


def _products(count: int) -> Callable[[Additions], str]:
    """Return a function that multiplies large constants, which an engine does while it loads the graph."""

    def compute(additions: Additions) -> str:
        result = factor = _square(additions)
        for _ in range(count):
            result = additions.add("MatMul", result, factor)
        return result

    return compute


def _convolutions(count: int) -> Callable[[Additions], str]:
    """Return a function that convolves the picture many times with a large kernel."""

    def compute(additions: Additions) -> str:
        values = _convolution(additions, filters=64, kernel=1)
        weight = additions.zeros(64, 64, 31, 31)
        for _ in range(count):
            values = additions.add("Conv", values, weight, pads=[15] * 4)
        return values

    return compute


SIZE = "bytes|size|more than|longest|multiply"
GIANTS = table(
    "giant result",
    {
        "ConstantOfShape, 2^40": (computing(lambda a: a.zeros(2**40)), SIZE),
        "ConstantOfShape, 2^40, that nobody needs": (computing(lambda a: a.zeros(2**40), used=False), SIZE),
        "ConstantOfShape, a product beyond 2^64": (computing(lambda a: a.zeros(2**32, 2**32, 2**32)), SIZE),
        "ConstantOfShape, a product of 2^64": (computing(lambda a: a.zeros(2**32, 2**32)), SIZE),
        "ConstantOfShape, nothing times everything": (computing(lambda a: a.zeros(2**40, 0, 2**40)), SIZE),
        "ConstantOfShape, a negative size": (computing(lambda a: a.zeros(-1, 4)), f"{SIZE}|negative|shape"),
        "ConstantOfShape, 10^5 axes": (computing(lambda a: a.zeros(*[1] * 10**5)), f"{SIZE}|ax[ei]s|rank|dimension"),
        "Range": (
            computing(lambda a: a.add("Range", a.constant(0), a.constant(2**40), a.constant(1))),
            f"{SIZE}|counts",
        ),
        "Range by tiny steps": (
            computing(lambda a: a.add("Range", *[a.constant(x, np.float32) for x in (0, 1, 1e-12)])),
            f"{SIZE}|integers",
        ),
        "Range without step": (
            computing(lambda a: a.add("Range", a.constant(0), a.constant(9), a.constant(0))),
            f"{SIZE}|step|Range",
        ),
        "Range from NaN": (
            computing(lambda a: a.add("Range", *[a.constant(x, np.float32) for x in (np.nan, 1, 0.1)])),
            f"{SIZE}|finite|Range",
        ),
        "Expand": (computing(lambda a: a.add("Expand", a.zeros(1), a.constant([2**20, 2**20]))), SIZE),
        "Expand of the pictures": (
            computing(lambda a: a.add("Expand", "pixels", a.constant([2**20, 1, 1, 1, 1]))),
            SIZE,
        ),
        "Tile": (computing(lambda a: a.add("Tile", _rows(a), a.constant([1, 2**30]))), SIZE),
        "Pad": (computing(lambda a: a.add("Pad", _rows(a), a.constant([0, 0, 0, 2**40]))), SIZE),
        "Pad by negative and giant": (
            computing(lambda a: a.add("Pad", _rows(a), a.constant([0, -(2**62), 0, 2**62 + 2**40]))),
            f"{SIZE}|negative",
        ),
        "Resize by scale": (computing(lambda a: _resized(a, scale=1e5)), SIZE),
        "Resize by an infinite scale": (computing(lambda a: _resized(a, scale=np.inf)), f"{SIZE}|finite|scale"),
        "Resize by size": (computing(lambda a: _resized(a, sizes=(1, 3, 2**20, 2**20))), f"{SIZE}|pictures"),
        "OneHot": (
            computing(lambda a: a.add("OneHot", a.zeros(1024), a.constant(2**30), a.constant([0, 1], np.float32))),
            f"{SIZE}|OneHot",
        ),
        "EyeLike": (computing(lambda a: a.add("EyeLike", a.zeros(2**20, 2**20))), f"{SIZE}|EyeLike"),
        "an outer product": (computing(lambda a: a.add("MatMul", a.zeros(2**20, 1), a.zeros(1, 2**20))), SIZE),
        "Gemm": (computing(lambda a: a.add("Gemm", a.zeros(2**20, 1), a.zeros(1, 2**20))), SIZE),
        "Einsum": (
            computing(lambda a: a.add("Einsum", a.zeros(2**20), a.zeros(2**20), equation="i,j->ij")),
            f"{SIZE}|Einsum",
        ),
        "Einsum with an ellipsis": (
            computing(lambda a: a.add("Einsum", a.zeros(2**20, 1), a.zeros(2**20), equation="...i,j->...j")),
            f"{SIZE}|Einsum",
        ),
        "broadcast": (computing(lambda a: a.add("Add", a.zeros(2**20, 1), a.zeros(1, 2**20))), SIZE),
        "broadcast by comparison": (computing(lambda a: a.add("Less", a.zeros(2**20, 1), a.zeros(1, 2**20))), SIZE),
        "broadcast by Where": (
            computing(lambda a: a.add("Where", a.constant([[True]], bool), a.zeros(2**20, 1, 1), a.zeros(1, 2**20, 1))),
            SIZE,
        ),
        "broadcast with the picture": (computing(lambda a: a.add("Add", _floats(a), a.zeros(2**20, 1, 1, 1, 1))), SIZE),
        "Concat that doubles": (computing(_doubling_axes), SIZE),
        "Concat of the same": (
            computing(lambda a: a.add("Concat", *[a.zeros(MEBI)] * 1, *[a.zeros(MEBI)] * 2000, axis=0)),
            SIZE,
        ),
        "Gather": (computing(lambda a: a.add("Gather", a.zeros(8, 2**17), a.add("Cast", a.zeros(2**17), to=7))), SIZE),
        "GatherND": (
            computing(lambda a: a.add("GatherND", a.zeros(8, 2**17), a.add("Cast", a.zeros(2**17, 1), to=7))),
            f"{SIZE}|GatherND",
        ),
        "Conv with giant pads": (
            computing(lambda a: _convolution(a, filters=1, kernel=1, pads=[2**20] * 4)),
            f"{SIZE}|pads",
        ),
        "Conv with many filters": (computing(lambda a: _convolution(a, filters=2**24, kernel=1)), SIZE),
        "Conv with a stride of 0": (
            computing(lambda a: _convolution(a, filters=1, kernel=1, strides=[0, 0])),
            f"{SIZE}|stride",
        ),
        "Conv with negative pads": (
            computing(lambda a: _convolution(a, filters=1, kernel=1, pads=[-(2**62), 0, 2**62, 0])),
            f"{SIZE}|negative|pad",
        ),
        "Conv with giant dilations": (
            computing(lambda a: _convolution(a, filters=1, kernel=2, dilations=[2**62] * 2, pads=[2**62] * 4)),
            f"{SIZE}|dilat|pad",
        ),
        "ConvTranspose": (
            computing(lambda a: a.add("ConvTranspose", _floats(a), a.zeros(3, 1, 1, 1), strides=[2**16] * 2)),
            f"{SIZE}|ConvTranspose",
        ),
        "MaxPool with giant pads": (
            computing(lambda a: a.add("MaxPool", _floats(a), kernel_shape=[2**20] * 2, pads=[2**20 - 1] * 4)),
            f"{SIZE}|pad",
        ),
        "MaxUnpool": (
            computing(
                lambda a: a.add(
                    "MaxUnpool",
                    a.zeros(1, 1, 1, 1),
                    a.constant([[[[0]]]]),
                    a.constant([1, 1, 2**20, 2**20]),
                    kernel_shape=[1, 1],
                )
            ),
            f"{SIZE}|MaxUnpool",
        ),
        "Upsample": (
            computing(lambda a: a.add("Upsample", _floats(a), a.constant([1, 1, 1e5, 1e5], np.float32))),
            f"{SIZE}|Upsample",
        ),
        "GridSample": (
            computing(lambda a: a.add("GridSample", a.zeros(1, 1, 1, 1), a.zeros(1, 2**20, 2**20, 2))),
            f"{SIZE}|GridSample",
        ),
        "AffineGrid": (
            computing(lambda a: a.add("AffineGrid", a.zeros(1, 2, 3), a.constant([1, 1, 2**20, 2**20]))),
            f"{SIZE}|AffineGrid",
        ),
        "windows": (
            computing(lambda a: a.add("HannWindow", a.constant(2**40))),
            f"{SIZE}|HannWindow",
        ),
        "a thousand results of 64 MB": (computing(_many(1000, lambda a: a.zeros(16 * MEBI))), SIZE),
        "a thousand layers of 12 MB per picture": (
            computing(_chain(1000, lambda a: a.add("Expand", _floats(a), a.constant([1024, 1, 1, 1, 1])), "Relu", "_")),
            SIZE,
        ),
        "Reduce with kept axes": (
            computing(lambda a: a.add("Add", a.add("ReduceMean", a.zeros(MEBI, 1), a.constant([1])), a.zeros(1, MEBI))),
            SIZE,
        ),
        "a recurrent network": (computing(_recurrent), f"{SIZE}|LSTM"),
        "pictures of 10^6 px": (_declared_pixels(10**6), f"{SIZE}|px|pictures"),
        "Shape of a shape, as a size": (
            computing(
                lambda a: a.add(
                    "ConstantOfShape", a.add("Mul", a.add("Shape", "pixels", start=1), a.constant([2**20, 2**20, 1]))
                )
            ),
            SIZE,
        ),
        "a power as a size": (
            computing(lambda a: a.add("ConstantOfShape", a.add("Pow", a.constant([2]), a.constant([40])))),
            SIZE,
        ),
        "a float as a size": (
            computing(lambda a: a.add("ConstantOfShape", a.add("Cast", a.constant([1e18], np.float32), to=INT64))),
            SIZE,
        ),
        "an overflow as a size": (
            computing(lambda a: a.add("ConstantOfShape", a.add("Add", a.constant([2**63 - 1]), a.constant([2**40])))),
            f"{SIZE}|overflow|negative",
        ),
    },
)
PICTURES = table(
    "product of the pictures",
    {
        "each with each other": (computing(_products_of_pictures), f"{SIZE}|pictures"),
        "to the fourth": (computing(_picture_power), f"{SIZE}|pictures"),
        "as repetitions": (
            computing(
                lambda a: a.add(
                    "Tile",
                    _rows(a),
                    a.add("Concat", a.add("Shape", "pixels", start=0, end=1), a.constant([1]), axis=0),
                )
            ),
            f"{SIZE}|pictures",
        ),
        "by broadcasting": (
            computing(
                lambda a: a.add(
                    "Add",
                    a.add("Unsqueeze", _rows(a), a.constant([0])),
                    a.add("Unsqueeze", _rows(a), a.constant([1])),
                )
            ),
            f"{SIZE}|pictures",
        ),
    },
)
DEPENDENT = "depend|known|picture|size"
OF_PICTURES = table(
    "size from the picture",
    {
        **{
            name: (
                computing(lambda a, compute=compute: compute(a, _first(a))),
                f"{DEPENDENT}|{name}",
            )
            for name, compute in PICTURE_SIZES.items()
        },
        "NonZero": (computing(lambda a: a.add("NonZero", "pixels")), f"{DEPENDENT}|NonZero"),
        "Shape of NonZero": (
            computing(lambda a: a.add("ConstantOfShape", a.add("Shape", a.add("NonZero", "pixels")))),
            f"{DEPENDENT}|NonZero",
        ),
        "Compress": (
            computing(
                lambda a: a.add("Compress", "pixels", a.add("Reshape", a.add("Cast", "pixels", to=9), a.constant([-1])))
            ),
            f"{DEPENDENT}|Compress",
        ),
        "Unique": (computing(lambda a: a.add("Unique", "pixels")), f"{DEPENDENT}|Unique"),
        "NonMaxSuppression": (
            computing(lambda a: a.add("NonMaxSuppression", a.zeros(1, 6, 4), a.zeros(1, 1, 6), a.constant([2**40]))),
            f"{DEPENDENT}|NonMaxSuppression",
        ),
        "StringSplit": (
            computing(
                lambda a: a.add("StringSplit", a.add("Cast", "pixels", to=8), delimiter="1", outputs=2), used=False
            ),
            "element type 8|StringSplit",
        ),
    },
)
CHANCE = table(
    "chance",
    {
        name: (
            computing(lambda a, name=name, given=given, more=more: a.add(name, *([_rows(a)] if given else []), **more)),
            name,
        )
        for name, given, more in (
            ("RandomNormal", False, {"shape": [2, 2]}),
            ("RandomUniform", False, {"shape": [2**30]}),
            ("RandomNormalLike", True, {}),
            ("RandomUniformLike", True, {}),
            ("Bernoulli", True, {}),
            ("Multinomial", True, {"sample_size": 2**30}),
        )
    }
    | {
        "Dropout in training": (
            computing(lambda a: a.add("Dropout", _rows(a), a.constant(0.5, np.float32), a.constant(True, bool))),
            "Dropout",
        ),
        "BatchNormalization in training": (
            computing(
                lambda a: a.add(
                    "BatchNormalization", _floats(a), *[a.zeros(3) for _ in range(4)], training_mode=1, outputs=3
                )
            ),
            "BatchNormalization|training",
        ),
    },
)
WORK = "multiply|more than|bytes|time"
TIME = table(
    "time",
    {
        "products of constants": (computing(_products(1000)), WORK),
        "one product of constants": (
            computing(lambda a: a.add("MatMul", a.zeros(2**12, 2**13), a.zeros(2**13, 2**12))),
            WORK,
        ),
        "convolutions": (computing(_convolutions(1000)), WORK),
        "a pool over everything": (
            computing(
                lambda a: a.add(
                    "AveragePool",
                    _floats(a),
                    kernel_shape=[4001, 4001],
                    pads=[2000] * 4,
                    count_include_pad=1,
                )
            ),
            f"{WORK}|pad|size",
        ),
        "an LpPool of high power": (
            computing(lambda a: a.add("LpPool", _floats(a), kernel_shape=[4001, 4001], pads=[2000] * 4, p=3)),
            f"{WORK}|LpPool|pad",
        ),
        "a sum of six indices": (
            computing(lambda a: a.add("Einsum", *[a.zeros(512, 512)] * 3, equation="ab,cd,ef->")),
            f"{WORK}|Einsum",
        ),
        "twenty thousand nodes": (
            computing(_chain(20_000, lambda a: a.zeros(1), "Identity", "_")),
            f"{WORK}|nodes",
        ),
        "many products of single numbers": (
            computing(_chain(20_000, lambda a: a.zeros(1, 1), "MatMul", "_", "_")),
            f"{WORK}|nodes",
        ),
        "attention over 2^18 places": (
            computing(
                lambda a: a.add(
                    "MatMul",
                    a.add("Softmax", a.add("MatMul", a.zeros(2**18, 4), a.zeros(4, 2**18))),
                    a.zeros(2**18, 4),
                )
            ),
            WORK,
        ),
        "a determinant": (computing(lambda a: a.add("Det", _square(a))), f"{WORK}|Det"),
        "a Fourier transform": (
            computing(lambda a: a.add("DFT", a.zeros(1, 2**24 - 3, 1))),
            f"{WORK}|DFT",
        ),
        "a sort": (
            computing(lambda a: a.add("TopK", a.zeros(2**24), a.constant([2**24]), outputs=2)),
            f"{WORK}|TopK",
        ),
        "a division that traps": (
            computing(lambda a: a.add("Div", a.constant([-(2**63)]), a.constant([-1]))),
            "Div|divi|integer",
        ),
        "a remainder that traps": (
            computing(lambda a: a.add("Mod", a.constant([-(2**63)]), a.constant([-1]))),
            "Mod|divi|integer",
        ),
        "a division of pictures by 0": (
            computing(lambda a: a.add("Div", a.add("Cast", "pixels", to=INT64), a.constant(0))),
            "Div|divi|integer",
        ),
        "a regular expression": (
            computing(
                lambda a: a.add("RegexFullMatch", a.add("Cast", "pixels", to=8), pattern="(a|a|b|.|[0-9]*)*" * 100)
            ),
            "element type 8|RegexFullMatch",
        ),
    },
)
TENSOR = "tensor|weight|data|shape|bytes|size|value|initializer"
WEIGHTS = table(
    "weight",
    {
        "more claimed than stored": (_weight(dims=[2**31, 2**31], data_type=FLOAT, raw_data=bytes(16)), TENSOR),
        "less claimed than stored": (_weight(dims=[1], data_type=FLOAT, raw_data=bytes(64)), TENSOR),
        "a product of 2^64": (_weight(dims=[2**32, 2**32], data_type=FLOAT), TENSOR),
        "a product that overflows to what is stored": (
            _weight(dims=[2**62 + 1, 4], data_type=FLOAT, raw_data=bytes(16)),
            TENSOR,
        ),
        "negative sizes": (_weight(dims=[-2, -2], data_type=FLOAT, raw_data=bytes(16)), TENSOR),
        "nothing times everything": (_weight(dims=[0, 2**62], data_type=FLOAT), TENSOR),
        "10^5 axes": (_weight(dims=[1] * 10**5, data_type=FLOAT, raw_data=bytes(4)), f"{TENSOR}|ax[ei]s"),
        "stored twice": (_weight(dims=[1], data_type=FLOAT, raw_data=bytes(4), float_data=[1.0]), TENSOR),
        "stored as another type": (_weight(dims=[1], data_type=FLOAT, int64_data=[1]), TENSOR),
        "no type": (_weight(dims=[1], data_type=0, raw_data=bytes(4)), f"{TENSOR}|type"),
        "a type that does not exist": (_weight(dims=[1], data_type=99, raw_data=bytes(4)), f"{TENSOR}|type"),
        "a type of 2^31 - 1": (_weight(dims=[1], data_type=2**31 - 1, raw_data=bytes(4)), f"{TENSOR}|type"),
        "strings": (_weight(dims=[1], data_type=8, string_data=[b"x"]), f"{TENSOR}|type|string"),
        "complex numbers": (_weight(dims=[1], data_type=15, raw_data=bytes(16)), f"{TENSOR}|type"),
        "a segment": (
            _weight(dims=[1], data_type=FLOAT, raw_data=bytes(4), segment=TensorProto.Segment(begin=0, end=2**62)),
            f"{TENSOR}|segment|field",
        ),
        "half a number": (_weight(dims=[1], data_type=FLOAT, raw_data=bytes(3)), TENSOR),
        "the name of the input": (
            on_model(lambda model: model.graph.initializer.append(helper.make_tensor("pixels", 2, [1, 1], [0]))),
            f"{TENSOR}|pixels|twice|input",
        ),
        "the name of another": (
            on_model(lambda model: model.graph.initializer.append(model.graph.initializer[0])),
            f"{TENSOR}|twice",
        ),
        "no name": (
            on_model(lambda model: model.graph.initializer.append(helper.make_tensor("", FLOAT, [1], [0.0]))),
            f"{TENSOR}|name",
        ),
        "a sparse one that claims much": (
            on_model(
                lambda model: model.graph.sparse_initializer.append(
                    onnx.SparseTensorProto(
                        dims=[2**40],
                        values=helper.make_tensor("few", FLOAT, [1], [1.0]),
                        indices=helper.make_tensor("places", INT64, [1], [0]),
                    )
                )
            ),
            f"{TENSOR}|sparse",
        ),
        "a sparse constant that claims much": (
            computing(
                lambda a: a.add(
                    "Constant",
                    sparse_value=onnx.SparseTensorProto(
                        dims=[2**40],
                        values=helper.make_tensor("few", FLOAT, [1], [1.0]),
                        indices=helper.make_tensor("places", INT64, [1], [0]),
                    ),
                )
            ),
            f"{TENSOR}|sparse",
        ),
        "a constant of strings": (
            computing(lambda a: a.add("Constant", value_strings=["a", "b"]), used=False),
            f"{TENSOR}|string",
        ),
    },
)
SIZES: tuple[ForgedGraph, ...] = (*GIANTS, *PICTURES, *OF_PICTURES, *CHANCE, *TIME, *WEIGHTS)
