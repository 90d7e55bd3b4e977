"""Source of backbones that are networks of timm or torchvision, with weights from files or the hub."""

import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from discern.errors import BackboneError
from discern.extras import INSTALL_TORCH
from discern.features.backbones.backbone import BackboneOrigin, OnnxBackbone
from discern.features.backbones.exported_networks import ExportedNetwork, keep_export, make_key, read_export
from discern.features.backbones.library_weights import LibraryWeights, find_weights, missing_libraries
from discern.features.backbones.network_settings import NetworkSettings, parse_options
from discern.features.backbones.normalisation import Normalisation
from discern.progress import Progress, silent
from discern.store import default_folder

LIBRARIES = ("timm", "torchvision")
_NETWORK = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclass(frozen=True, kw_only=True)
class TorchLibrary:
    """Source of the networks of timm and torchvision, which are exported to ONNX once.

    Later, neither library is imported, as long as the weights and options are the same.

    Attributes:
        weights: file of weights, or folder to search by the network's name; None for the folder in `DISCERN_WEIGHTS`,
            and for timm the hub after it.
        cache: directory of the exports and downloads; None for the user's cache directory.
        environment: environment variables.
        progress: called with the megabytes of a download received and all of them.
    """

    weights: Path | None = None
    cache: Path | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    progress: Progress = silent

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
        if not _NETWORK.fullmatch(network):
            raise BackboneError(
                f"The backbone {label!r} does not name a network of {library}.",
                hint=f"Add its name, such as {library}/resnet50.",
            )
        cache = self.cache or default_folder()
        weights = find_weights(
            library, network, self.weights, cache=cache, environment=self.environment, progress=self.progress
        )
        own = NetworkSettings() if weights.is_published else NetworkSettings.read(weights.path)
        settings = own.updated(parse_options(options))
        key = make_key(
            name=label,
            network=weights.network,
            size=size,
            sha256=weights.sha256,
            settings=asdict(settings),
            normalisation=normalisation and asdict(normalisation),
        )
        found = read_export(cache, key)
        if found is None:
            self.progress(f"export {label}", 0, None)
            exported = _export(library, label, weights, settings, size=size, normalisation=normalisation)
            found = keep_export(cache, key, exported)
        origin = BackboneOrigin(
            name=f"{library}/{weights.network}" if weights.is_published else label,
            weights=weights.path,
            mirror=mirror,
            settings=settings,
            normalisation=normalisation,
        )
        return replace(found.to_backbone(mirror=mirror), origin=origin)


def _export(
    library: str,
    label: str,
    weights: LibraryWeights,
    settings: NetworkSettings,
    *,
    size: int | None,
    normalisation: Normalisation | None,
) -> ExportedNetwork:
    if missing := missing_libraries():
        raise BackboneError(
            f"The backbone {label} is exported by torch once, and {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} not installed.",
            hint=f"Install what is missing: {INSTALL_TORCH}",
        )
    from discern.features.backbones.library_names import known_name  # noqa: PLC0415 - torch takes seconds
    from discern.features.backbones.torch_export import export_network  # noqa: PLC0415

    network = label.partition("/")[2]
    exported = export_network(
        library,
        network if weights.network == network else known_name(weights.network, network),
        weights.path,
        settings,
        size=size,
        normalisation=normalisation,
    )
    backbone = exported.backbone
    licence = settings.licence or (exported.licence if weights.is_published else "")
    return ExportedNetwork(
        graph=backbone.graph,
        name=label,
        size=backbone.size,
        blocks=backbone.blocks,
        weights=weights.path.name,
        sha256=weights.sha256,
        licence=licence or "not known",
        pretraining=f"data that are not known ({weights.source})",
        notes=(*backbone.notes, *_notes(label, weights, settings, normalisation, exported.normalisation)),
        difference=exported.difference,
    )


def _notes(
    label: str,
    weights: LibraryWeights,
    settings: NetworkSettings,
    given: Normalisation | None,
    used: Normalisation,
) -> tuple[str, ...]:
    """Write a sentence on the numbers that were taken from the library, as foreign weights may need others."""
    if weights.is_published or given or settings.normalisation:
        return ()
    library = label.partition("/")[0]
    return (
        f"{label} is fed with {used.describe()}, as {library} publishes for it. If {weights.path.name} was trained "
        f"otherwise, say so in {weights.path.with_suffix('.json').name} beside it, or by --mean and --deviation.",
    )
