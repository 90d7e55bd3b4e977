"""Cache of networks that were exported to ONNX graphs of backbones."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from discern.atomic import atomic_write
from discern.errors import StoreError
from discern.features.backbones.backbone import OnnxBackbone
from discern.store import NETWORKS, private_folder

FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class ExportedNetwork:
    """Network exported to the ONNX graph of a backbone of one view.

    Attributes:
        graph: serialised ONNX model.
        name: name of the backbone.
        size: side of the pictures, in pixels.
        weights: name of the file of weights.
        sha256: digest of that file.
        licence: licence of the weights; "not known" without one.
        notes: sentences for people on choices of the export.
        difference: largest difference from torch on photographs, relative to the largest feature.
    """

    graph: bytes
    name: str
    size: int
    weights: str
    sha256: str
    licence: str
    notes: tuple[str, ...]
    difference: float

    def to_backbone(self, *, mirror: bool) -> OnnxBackbone:
        """Return the backbone of one view, or of each picture and its mirror image."""
        from discern.features.backbones.imported_graph import import_graph  # noqa: PLC0415 - onnx takes 0.2 s

        return replace(
            import_graph(self.graph, Path(self.name), size=self.size, mirror=mirror),
            name=self.name,
            pretraining=f"not known: the user's own weights {self.weights}, sha256 {self.sha256[:16]}",
            licence=self.licence,
            notes=self.notes,
        )


def make_key(**facts: Any) -> str:
    """Compute the key of an export from all facts that determine it, which must be JSON-serialisable."""
    return hashlib.sha256(json.dumps(facts | {"format": FORMAT}, sort_keys=True).encode()).hexdigest()[:32]


def read_export(cache: Path, key: str) -> ExportedNetwork | None:
    """Read an export from a cache directory; None if it is not there, or damaged."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        facts = json.loads((cache / NETWORKS / f"{key}.json").read_bytes())
        graph = (cache / NETWORKS / f"{key}.onnx").read_bytes()
        if hashlib.sha256(graph).hexdigest() == facts.pop("graph"):
            return ExportedNetwork(graph=graph, **facts | {"notes": tuple(facts["notes"])})
    return None


def write_export(cache: Path, key: str, network: ExportedNetwork) -> None:
    """Write an export into a cache directory.

    Raises:
        StoreError: the directory cannot be written.
    """
    folder = private_folder(cache, NETWORKS)
    facts = vars(network) | {"graph": hashlib.sha256(network.graph).hexdigest()}
    try:
        for suffix, content in ((".onnx", network.graph), (".json", json.dumps(facts).encode())):
            with atomic_write(folder / f"{key}{suffix}", private=True) as path:
                path.write_bytes(content)
    except OSError as error:
        raise StoreError(
            f"The cache at {folder} cannot be written: {error.strerror}.",
            hint="Free disk space, or choose another folder with --cache.",
        ) from error


def list_exports(cache: Path) -> Iterator[ExportedNetwork]:
    """List the exports in a cache directory by name; damaged ones are left out."""
    keys = sorted(path.stem for path in (cache / NETWORKS).glob("*.json"))
    yield from sorted(filter(None, (read_export(cache, key) for key in keys)), key=lambda each: (each.name, each.size))
