"""Limits that an ONNX graph must respect, and the error for one that does not.

Sizes are those of a batch of one picture; a batch of N pictures needs at most N times as much. None of these limits is
tuned: each leaves room above the largest networks for pictures that run on a CPU (vgg16 with its classifier, ResNet-152
and ViT-B at 384 px, EfficientNet-B7 at 600 px, Swin-B as written by torch's older exporter).
"""

OLDEST_OPSET, NEWEST_OPSET = 13, 25
OLDEST_IR, NEWEST_IR = 4, 13
"""Versions of the file format; before version 4 every weight was also an input."""

MAX_FIELDS = 200_000
"""Fields of the file and numbers in its lists, the weights aside; Swin-T has 57,000 from torch's older exporter."""

MAX_DEPTH = 64
"""Messages inside one another; a tensor of a graph without control flow is the sixth."""

MAX_TEXT_BYTES = 32 << 20
"""Names, descriptions and metadata together; torch's newer exporter writes traces of several KiB for every node."""

MAX_NAME_BYTES = 1024
MAX_VARINT_BYTES = 64 << 20
"""Weights that are encoded number by number, which is unusual, in bytes once decoded."""

MAX_NODES = 16_384
MAX_RANK = 8
MAX_AXIS = 1 << 31
MAX_LIST = 4096
"""Numbers in an attribute."""

MAX_KNOWN = 64
"""Elements up to which the numbers in a tensor are followed, as those of a shape."""

MAX_KNOWN_IN_ALL = 1 << 17
"""Numbers that are followed in the results of all operators; Swin-T has 20,000 from torch's older exporter."""

MAX_WEIGHT_BYTES = 2 << 30
MAX_TENSOR_BYTES = 128 << 20
MAX_HELD_BYTES = 256 << 20
MAX_ACTIVATION_BYTES = 4 << 30
"""Results of all operators together, most of which are freed before the last is computed."""

MAX_CONSTANT_FACTOR, MAX_EXTRA_CONSTANT_BYTES = 4, 64 << 20
"""Constants that operators compute from the weights, perhaps when the graph is loaded: so many times the bytes of the
weights, as when these are converted from 8 to 32 bits, and so many bytes beyond."""

MAX_MULTIPLY_ADDS, MAX_CONSTANT_MULTIPLY_ADDS = 1 << 37, 1 << 32
"""137 thousand million for a picture, of which vgg16 needs 15.5 at 224 px and ViT-B 55.5 at 384 px, and 4.3 thousand
million for constants."""


class GraphFault(ValueError):
    """Error raised for the first fault found in a graph; its message continues "the graph ..."."""


class OperatorFault(ValueError):
    """Error raised for a fault of one operator; its message continues "the operator Conv ..."."""


def printable(name: str) -> str:
    r"""Shorten a name from an untrusted graph and escape its control characters for a message.

    >>> printable("conv" * 30)[-8:], printable("a\x1b[2J")
    ('convc...', 'a\\x1b[2J')
    """
    return ascii(name[:61])[1:-1] + "..." * (len(name) > 61)
