"""Functions that write a trained model to a bundle file."""

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from discern.bundle import archive, golden
from discern.bundle.manifest import Manifest, digests
from discern.bundle.runtime import open_runtime


def write_bundle(path: Path, *, graph: bytes, manifest: Manifest, seen: Sequence[str], card: str) -> str:
    """Write a trained model to a bundle file atomically.

    Args:
        path: file to write, atomically.
        graph: complete ONNX model, including the head.
        manifest: manifest without `members`, which is computed here.
        seen: content hashes (hexadecimal) of the training pictures; 8 bytes of each are stored.
        card: model card, Markdown.

    Returns:
        Fingerprint of the bundle.

    Raises:
        BundleDamaged: the model could not be loaded again: its labels, figures or outputs are invalid.
    """
    runtime = open_runtime(graph)
    members = {
        "model.onnx": graph,
        "golden.npz": golden.record(lambda inputs: runtime.run({"pixels": inputs}), manifest.recipe),
        "seen.npy": _seen_bytes(seen),
        "CARD.md": card.encode(),
    }
    members[archive.MANIFEST] = replace(manifest, members=digests(members)).to_bytes()
    Manifest.from_bytes(members[archive.MANIFEST])
    golden.read(members["golden.npz"], classes=len(manifest.labels))
    archive.write(path, members)
    return archive.fingerprint(members)


def _seen_bytes(contents: Sequence[str]) -> bytes:
    prefixes = sorted({bytes.fromhex(content[:16]) for content in contents})
    buffer = io.BytesIO()
    np.save(buffer, np.frombuffer(b"".join(prefixes), np.uint8).reshape(-1, 8))
    return buffer.getvalue()
