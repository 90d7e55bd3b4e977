"""Test-time augmentation of ONNX backbones with mirrored images."""

import numpy as np
import onnx

from discern.bundle.onnx_graph.graph_writer import GraphWriter, rename, shape_of


def average_mirrored(model: onnx.ModelProto) -> None:
    """Modify an ONNX backbone to average its outputs over each image and its mirror image.

    Both views, the second mirrored left to right, pass the network in one batch. The map of the mirrored view is
    mirrored back before it is averaged.

    Args:
        model: from `pixels` to `embedding` and perhaps `map` (channels last), opset 13 or later; changed in place.
    """
    shapes = {output.name: shape_of(output) for output in model.graph.output}
    rename(model.graph.node, {name: f"views/{name}" for name in ("pixels", *shapes)})
    front, back = GraphWriter(prefix="views/"), GraphWriter(prefix="views/")
    front.add("Concat", "pixels", front.mirrored("pixels"), axis=0, result="views/pixels")
    for name, shape in shapes.items():
        pairs = back.add("Reshape", f"views/{name}", back.numbers(2, -1, *shape[1:]))
        plain, turned = (back.add("Gather", pairs, back.weight(f"view_{i}", np.array(i)), axis=0) for i in (0, 1))
        if name == "map":
            turned = back.mirrored(turned)
        back.add("Mul", back.add("Add", plain, turned), back.scalar(0.5), result=name)
    back.append_to(model, before=front)
