"""Cache of networks that were exported to ONNX graphs of backbones."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from discern.atomic import atomic_write
from discern.errors import StoreError
from discern.features.backbones.backbone import OnnxBackbone
from discern.store import NETWORKS, private_folder

FORMAT = 2


@dataclass(frozen=True, kw_only=True)
class ExportedNetwork:
    """Network exported to the ONNX graph of a backbone of one view.

    Attributes:
        graph: serialised ONNX model.
        name: name of the backbone.
        size: side of the pictures, in pixels.
        blocks: column ranges of the embedding blocks in order.
        weights: name of the file of weights.
        sha256: digest of that file.
        licence: licence of the weights; "not known" without one.
        pretraining: description of the data that the network was pretrained on.
        notes: sentences for people on choices of the export.
        difference: largest difference from torch on photographs, relative to the largest feature; None if it was not
            torch that computed the graph.
    """

    graph: bytes
    name: str
    size: int
    blocks: Mapping[str, tuple[int, int]]
    weights: str
    sha256: str
    licence: str
    pretraining: str
    notes: tuple[str, ...]
    difference: float | None

    def to_backbone(self, *, mirror: bool) -> OnnxBackbone:
        """Return the backbone of one view, or of each picture and its mirror image."""
        return OnnxBackbone(
            name=self.name,
            graph=mirror_graph(self.graph) if mirror else self.graph,
            size=self.size,
            blocks=self.blocks,
            pretraining=self.pretraining,
            licence=self.licence,
            notes=self.notes,
        )


def mirror_graph(graph: bytes) -> bytes:
    """Return the graph of a backbone that averages the outputs for each picture and its mirror image."""
    import onnx  # noqa: PLC0415 - onnx takes 0.2 s

    from discern.bundle.onnx_graph import average_mirrored, serialise  # noqa: PLC0415 - imports onnx

    model = onnx.load_from_string(graph)
    average_mirrored(model)
    return serialise(model)


def make_key(**facts: Any) -> str:
    """Compute the key of an export from all facts that determine it, which must be JSON-serialisable."""
    return hashlib.sha256(json.dumps(facts | {"format": FORMAT}, sort_keys=True).encode()).hexdigest()[:32]


def read_export(cache: Path, key: str) -> ExportedNetwork | None:
    """Read an export from a cache directory; None if it is not there, or damaged."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        facts = json.loads((cache / NETWORKS / f"{key}.json").read_bytes())
        graph = (cache / NETWORKS / f"{key}.onnx").read_bytes()
        if hashlib.sha256(graph).hexdigest() == facts.pop("graph"):
            _mark_used(cache / NETWORKS / f"{key}.json")
            blocks = {str(name): (int(start), int(end)) for name, (start, end) in facts["blocks"].items()}
            return ExportedNetwork(graph=graph, **facts | {"notes": tuple(facts["notes"]), "blocks": blocks})
    return None


def _mark_used(path: Path) -> None:
    with suppress(OSError):  # a cache that only its owner may change
        path.touch()


def write_export(cache: Path, key: str, network: ExportedNetwork) -> None:
    """Write an export into a cache directory.

    Raises:
        StoreError: the directory cannot be written.
    """
    folder = private_folder(cache, NETWORKS)
    facts = vars(network) | {"blocks": dict(network.blocks), "graph": hashlib.sha256(network.graph).hexdigest()}
    try:
        for suffix, content in ((".onnx", network.graph), (".json", json.dumps(facts).encode())):
            with atomic_write(folder / f"{key}{suffix}", private=True) as path:
                path.write_bytes(content)
    except OSError as error:
        raise StoreError(
            f"The cache at {folder} cannot be written: {error.strerror}.",
            hint="Free disk space, or choose another folder with --cache.",
        ) from error


def keep_export(cache: Path, key: str, network: ExportedNetwork) -> ExportedNetwork:
    """Write an export into a cache directory, and return it, with a note if the directory cannot be written."""
    try:
        write_export(cache, key, network)
    except StoreError as error:
        note = f"{network.name} was not kept, and is prepared again next time. {error.message} {error.hint}"
        return replace(network, notes=(*network.notes, note))
    return network


def list_exports(cache: Path) -> Iterator[ExportedNetwork]:
    """List the exports in a cache directory by name; damaged ones are left out."""
    keys = sorted(path.stem for path in (cache / NETWORKS).glob("*.json"))
    yield from sorted(filter(None, (read_export(cache, key) for key in keys)), key=lambda each: (each.name, each.size))
