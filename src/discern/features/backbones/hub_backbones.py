"""Source of vision transformers that the Hugging Face hub offers as ONNX graphs, without torch.

The graphs are pinned by commit and SHA-256, and normalised as their repositories say.
"""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from discern.errors import BackboneError
from discern.features.backbones.backbone import OnnxBackbone
from discern.features.backbones.exported_networks import ExportedNetwork, keep_export, make_key, read_export
from discern.features.backbones.hub_address import HubFile
from discern.features.backbones.hub_download import fetch_file
from discern.features.backbones.normalisation import Normalisation
from discern.features.backbones.token_layout import TokenLayout
from discern.progress import Progress, silent
from discern.store import default_folder

HUB_SIZE = 224


@dataclass(frozen=True, kw_only=True)
class HubGraph:
    """Pinned ONNX graph of the hub.

    Attributes:
        file: file with the graph.
        layout: tokens that it returns.
        normalisation: normalisation of its pixels.
        pretraining: description of the data that it was pretrained on.
    """

    file: HubFile
    layout: TokenLayout
    normalisation: Normalisation
    pretraining: str
    licence: str = "Apache-2.0"


_DINOV2 = HubGraph(
    file=HubFile(
        name="dinov2-small.onnx",
        repository="onnx-community/dinov2-small",
        commit="8b1f705a3a7f6f062f6bdd21986c1583d3ef105d",
        path="onnx/model.onnx",
        sha256="f22797eabf810a75e41de68d378541ebea372122b25c4ce3ef25ff618250c20a",
        size=88_532_934,
    ),
    layout=TokenLayout(tokens="last_hidden_state", summary="", block="class_token", patch=14, width=384),
    normalisation=Normalisation(mean=(0.485, 0.456, 0.406), deviation=(0.229, 0.224, 0.225), scale=1.0),
    pretraining="LVD-142M, 142 million curated photographs without labels (DINOv2)",
)
_DINOV2_INT8 = replace(
    _DINOV2,
    file=replace(
        _DINOV2.file,
        name="dinov2-small-int8.onnx",
        path="onnx/model_int8.onnx",
        sha256="dfce54a839b491f395c516350ebb4a78f947e9170a6beac0f2bc5638e0f09d61",
        size=24_446_700,
    ),
)
_SIGLIP2 = HubGraph(
    file=HubFile(
        name="siglip2-base.onnx",
        repository="onnx-community/siglip2-base-patch16-224-ONNX",
        commit="ba1f3b0843f24bc5417d38e19c37b287d719b2f4",
        path="onnx/vision_model.onnx",
        sha256="c0573e3f4140c3a7c4e9cc5912bd6b26a033b46a6a8e8af26cbea262b163bcad",
        size=None,
    ),
    layout=TokenLayout(tokens="last_hidden_state", summary="pooler_output", block="pooled", patch=16, width=768),
    normalisation=Normalisation(mean=(0.5, 0.5, 0.5), deviation=(0.5, 0.5, 0.5), scale=1.0),
    pretraining="WebLI, pictures of the web with texts in many languages (SigLIP 2)",
)
GRAPHS: Mapping[str, HubGraph] = {
    "dinov2-small": _DINOV2,
    "dinov2-small-int8": _DINOV2_INT8,
    "siglip2-base": _SIGLIP2,
}


class HubBackbones:
    """Source of backbones that the Hugging Face hub offers as ONNX graphs.

    Args:
        graphs: graphs by name.
        cache: cache directory; None for that of the user.
        environment: environment variables that name a mirror, a token and folders.
        progress: called with the megabytes received and all of them.
    """

    def __init__(
        self,
        graphs: Mapping[str, HubGraph] = GRAPHS,
        *,
        cache: Path | None = None,
        environment: Mapping[str, str] = os.environ,
        progress: Progress = silent,
    ) -> None:
        self._graphs, self._cache, self._environment, self._progress = graphs, cache, environment, progress

    @property
    def choices(self) -> str:
        """Return the names of the graphs."""
        return ", ".join(self._graphs)

    def accepts(self, name: str | Path) -> bool:
        """Check whether a backbone name is that of a graph."""
        return str(name) in self._graphs

    def load(
        self, name: str | Path, *, size: int | None, mirror: bool, normalisation: Normalisation | None = None
    ) -> OnnxBackbone:
        """Load a backbone, from the hub if it is not on this machine (see `fetch_file`).

        The graph with the outputs of a backbone is cached by the digest of the file.

        Args:
            name: name of the graph.
            size: side of the pictures, a multiple of the patches' side; None for 224.
            mirror: average the outputs for each picture and its mirror image.
            normalisation: must be None; the network has its own.

        Raises:
            BackboneError: the graph is not available, or a size or normalisation is given that it does not support.
            UsageError: an environment variable has an invalid value.
            StoreError: the cache cannot be written.
        """
        name, size = str(name), HUB_SIZE if size is None else size
        graph = self._graphs[name]
        patch = graph.layout.patch
        if size % patch or size < 2 * patch:
            below = max(2, size // patch) * patch
            raise BackboneError(
                f"The backbone {name} does not support pictures of {size} px: its patches are {patch} px wide.",
                hint=f"Omit --size for {HUB_SIZE} px, or choose a multiple of {patch}: {below} or {below + patch}.",
            )
        if normalisation is not None:
            raise BackboneError(
                f"The backbone {name} has its own normalisation.", hint="Omit --mean, --deviation and --scale."
            )
        cache = default_folder() if self._cache is None else self._cache
        facts = {"layout": asdict(graph.layout), "normalisation": asdict(graph.normalisation)}
        key = make_key(name=name, size=size, sha256=graph.file.sha256, **facts)
        wrapped = read_export(cache, key)
        if wrapped is None:
            wrapped = keep_export(cache, key, self._wrap(name, graph, size))
        return wrapped.to_backbone(mirror=mirror)

    def _wrap(self, name: str, graph: HubGraph, size: int) -> ExportedNetwork:
        from discern.features.backbones.imported_graph import import_graph  # noqa: PLC0415 - onnx takes 0.2 s

        data = fetch_file(graph.file, self._cache, self._environment, self._progress)
        self._progress(f"check {name}", 0, None)
        backbone = import_graph(
            data,
            Path(graph.file.name),
            size=size,
            mirror=False,
            normalisation=graph.normalisation,
            layout=graph.layout,
        )
        return ExportedNetwork(
            graph=backbone.graph,
            name=name,
            size=size,
            blocks=backbone.blocks,
            weights=graph.file.name,
            sha256=graph.file.sha256,
            licence=graph.licence,
            pretraining=graph.pretraining,
            notes=(),
            difference=None,
        )
