"""Function that finds the first fault of an untrusted ONNX graph."""

from discern.bundle.graph_safety.graph_limits import GraphFault
from discern.bundle.graph_safety.graph_reader import read_graph
from discern.bundle.graph_safety.onnx_schema import MessageReader, check_encoding
from discern.bundle.graph_safety.size_check import check_sizes

# ONNX Runtime also loads its own ORT format, whose first bytes can be a valid protobuf field as well.
_ORT_FORMAT = slice(4, 8), b"ORTM"


def find_fault(graph: bytes) -> str | None:
    """Check a serialised ONNX model and return the first fault found, or None.

    Nothing is allocated that the graph asks for, and its weights are not copied.

    >>> find_fault(b""), find_fault(bytes(8))
    ('cannot be read: it is empty', 'cannot be read: it has a field of the number 0')
    """
    where, marker = _ORT_FORMAT
    if graph[where] == marker:
        return "is not in the ONNX format"
    if not graph:
        return "cannot be read: it is empty"
    try:
        _check(graph)
    except GraphFault as fault:
        return str(fault)
    except Exception as error:  # noqa: BLE001 - a graph that confuses the check is as good as refused
        return f"cannot be checked ({type(error).__name__})"
    return None


def _check(graph: bytes) -> None:
    reader = MessageReader(graph)
    check_encoding(reader)
    check_sizes(read_graph(reader), reader)
