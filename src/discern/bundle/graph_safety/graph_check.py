"""Functions that check an untrusted ONNX graph and compute the shapes of its outputs, without running it."""

from collections.abc import Callable, Mapping

from discern.bundle.graph_safety.graph_limits import GraphFault
from discern.bundle.graph_safety.graph_reader import Graph, read_graph
from discern.bundle.graph_safety.onnx_schema import MessageReader, check_encoding
from discern.bundle.graph_safety.operator_call import Tensor
from discern.bundle.graph_safety.size_check import check_sizes, count_products

# ONNX Runtime also loads its own ORT format, whose first bytes can be a valid protobuf field as well.
_ORT_FORMAT = slice(4, 8), b"ORTM"


def find_fault(graph: bytes) -> str | None:
    """Check a serialised ONNX model and return the first fault found, or None.

    Nothing is allocated that the graph asks for, and its weights are not copied.

    >>> find_fault(b""), find_fault(bytes(8))
    ('cannot be read: it is empty', 'cannot be read: it has a field of the number 0')
    """
    return _first_fault(tensor_shapes, graph)


def find_encoding_fault(graph: bytes) -> str | None:
    """Check a serialised ONNX model as `find_fault` does, except for its operators and sizes.

    A model without a fault is safe to parse and to change, not to run.
    """
    return _first_fault(_read, graph)


def output_shapes(graph: bytes) -> dict[str, tuple[int, ...]]:
    """Compute the shapes of the outputs of a serialised ONNX model, which may declare less.

    Returns:
        Shapes by name, with -1 for an axis that grows with the number of pictures.

    Raises:
        GraphFault: the model is not safe to run.
    """
    found, reader = _read(graph)
    shapes = _sizes_of(check_sizes(found, reader))
    return {output.name: shapes[output.name] for output in found.outputs}


def tensor_shapes(graph: bytes) -> dict[str, tuple[int, ...]]:
    """Compute the shapes of all tensors of a serialised ONNX model, as `output_shapes` does.

    Raises:
        GraphFault: the model is not safe to run.
    """
    return _sizes_of(check_sizes(*_read(graph)))


def count_multiply_adds(graph: bytes) -> int:
    """Count the multiply-adds of the matrix products and convolutions of a serialised ONNX model for one picture.

    Raises:
        GraphFault: the model is not safe to run.
    """
    return count_products(*_read(graph))


def _read(graph: bytes) -> tuple[Graph, MessageReader]:
    where, marker = _ORT_FORMAT
    if graph[where] == marker:
        raise GraphFault("is not in the ONNX format")
    if not graph:
        raise GraphFault("cannot be read: it is empty")
    reader = MessageReader(graph)
    check_encoding(reader)
    return read_graph(reader), reader


def _sizes_of(tensors: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {
        name: tuple(size if isinstance(size, int) else -1 for size in tensor.shape) for name, tensor in tensors.items()
    }


def _first_fault(check: Callable[[bytes], object], graph: bytes) -> str | None:
    try:
        check(graph)
    except GraphFault as fault:
        return str(fault)
    except Exception as error:  # noqa: BLE001 - a graph that confuses the check is as good as refused
        return f"cannot be checked ({type(error).__name__})"
    return None
