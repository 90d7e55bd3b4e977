"""Functions and classes that build ONNX graphs of backbones and classifier heads.

This is the only part of `discern.bundle` that needs the onnx library.

Names and order of nodes and initializers are part of a graph's bytes. The sha256 of a backbone's graph is the key of
its features in the cache, and a bundle's fingerprint depends on its graph: change neither without need.
"""

from discern.bundle.onnx_graph.graph_writer import OPSET, GraphWriter, rename, serialise, shape_of
from discern.bundle.onnx_graph.head_graph import attach_head
from discern.bundle.onnx_graph.mirrored_views import average_mirrored

__all__ = ["OPSET", "GraphWriter", "attach_head", "average_mirrored", "rename", "serialise", "shape_of"]
