"""Check of ONNX graphs from untrusted bundles and files, before an inference engine sees them.

The engine folds constants when it loads a graph, before any limit of time or memory could apply: a graph of 200 bytes
can ask for terabytes. So the graph is read here first, without the onnx and protobuf libraries and without allocating
what it asks for. Only listed operators are allowed, and only sizes that are known for every picture and every number of
pictures, within declared limits (see `graph_limits`).
"""

from discern.bundle.graph_safety.graph_check import (
    count_multiply_adds,
    find_encoding_fault,
    find_fault,
    output_shapes,
    tensor_shapes,
)

__all__ = ["count_multiply_adds", "find_encoding_fault", "find_fault", "output_shapes", "tensor_shapes"]
