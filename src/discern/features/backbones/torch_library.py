"""Source of backbones that are networks of timm or torchvision, with weights from files."""

import importlib.util
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from discern.errors import BackboneError
from discern.features.backbones.backbone import BackboneOrigin, OnnxBackbone
from discern.features.backbones.exported_networks import ExportedNetwork, make_key, read_export, write_export
from discern.features.backbones.network_settings import NetworkSettings, parse_options
from discern.features.backbones.normalisation import Normalisation
from discern.features.backbones.weight_files import locate_weights, read_weights_digest
from discern.store import default_folder

LIBRARIES = ("timm", "torchvision")
_NEEDED = ("torch", "torchvision", "timm", "onnxscript")
INSTALL = "pip install 'discern-vision[torch]'"


@dataclass(frozen=True, kw_only=True)
class TorchLibrary:
    """Source of the networks of timm and torchvision, which are exported to ONNX once.

    Later, neither library is imported, as long as the weights and options are the same.

    Attributes:
        weights: file of weights, or folder to search by the network's name; None for the folder in `DISCERN_WEIGHTS`.
        cache: directory of the exports; None for the user's cache directory.
    """

    weights: Path | None = None
    cache: Path | None = None

    choices = "timm/NAME or torchvision/NAME with --weights"

    def accepts(self, name: str | Path) -> bool:
        """Check whether a backbone name starts with the name of a library and a slash."""
        return str(name).startswith(tuple(f"{library}/" for library in LIBRARIES)) and not str(name).endswith(".onnx")

    def load(
        self, name: str | Path, *, size: int | None, mirror: bool, normalisation: Normalisation | None = None
    ) -> OnnxBackbone:
        """Load a network with its weights, exported now or earlier.

        Args:
            name: "timm/NAME" or "torchvision/NAME", with options of the network after a colon.
            size: side of the pictures, in pixels; None for that of the network.
            mirror: average the outputs for each picture and its mirror image.
            normalisation: normalisation of the pixels; None for that beside the weights, or else of the library.

        Raises:
            BackboneError: the weights are not at hand, belong to another network, or cannot be exported.
        """
        label, _, options = str(name).partition(":")
        library, _, network = label.partition("/")
        weights = locate_weights(network, self.weights)
        settings = NetworkSettings.read(weights)
        settings = replace(settings, options={**settings.options, **parse_options(options)})
        sha256 = read_weights_digest(weights)
        given = normalisation and asdict(normalisation)
        key = make_key(name=label, size=size, sha256=sha256, settings=asdict(settings), normalisation=given)
        cache = self.cache or default_folder()
        found = read_export(cache, key)
        if found is None:
            found = _export(library, network, weights, settings, size=size, normalisation=normalisation, sha256=sha256)
            write_export(cache, key, found)
        origin = BackboneOrigin(
            name=label, weights=weights, mirror=mirror, settings=settings, normalisation=normalisation
        )
        return replace(found.to_backbone(mirror=mirror), origin=origin)


def _export(
    library: str,
    network: str,
    weights: Path,
    settings: NetworkSettings,
    *,
    size: int | None,
    normalisation: Normalisation | None,
    sha256: str,
) -> ExportedNetwork:
    missing = [each for each in _NEEDED if importlib.util.find_spec(each) is None]
    if missing:
        raise BackboneError(
            f"The backbone {library}/{network} is exported by torch once, and {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} not installed.",
            hint=f"Install what is missing: {INSTALL}",
        )
    from discern.features.backbones.torch_export import export_network  # noqa: PLC0415 - torch takes seconds

    backbone, difference = export_network(library, network, weights, settings, size=size, normalisation=normalisation)
    return ExportedNetwork(
        graph=backbone.graph,
        name=f"{library}/{network}",
        size=backbone.size,
        blocks=backbone.blocks,
        weights=weights.name,
        sha256=sha256,
        licence=settings.licence or "not known",
        pretraining=f"data that are not known (weights {weights.name}, sha256 {sha256[:16]})",
        notes=backbone.notes,
        difference=difference,
    )
