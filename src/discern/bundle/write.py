"""Functions that write a trained model to a bundle file."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from discern.bundle import archive, golden
from discern.bundle.manifest import Manifest, digests
from discern.bundle.reference_pictures import ReferencePictures
from discern.bundle.runtime import Runtime, open_runtime
from discern.bundle.seen_pictures import PictureHashes, write_seen
from discern.picture import Recipe


def record_golden(runtime: Runtime, recipe: Recipe) -> bytes:
    """Run a complete ONNX model on generated pictures and return the content of `golden.npz`.

    Raises:
        BundleDamaged: the model cannot be run.
    """
    return golden.record(lambda inputs: runtime.run({"pixels": inputs}), recipe)


def write_bundle(
    path: Path,
    *,
    graph: bytes,
    manifest: Manifest,
    seen: Sequence[str],
    card: str,
    seen_pixels: Sequence[str] = (),
    set_thresholds: PictureHashes | None = None,
    recorded: bytes | None = None,
    reference: ReferencePictures | None = None,
) -> str:
    """Write a trained model to a bundle file atomically.

    Args:
        path: file to write, atomically.
        graph: complete ONNX model, including the head.
        manifest: manifest without `members`, which is computed here.
        seen: content hashes (hexadecimal) of the training pictures; 8 bytes of each are stored.
        card: model card, Markdown.
        seen_pixels: hashes of the training pictures' pixels.
        set_thresholds: pictures outside the training set whose predictions set the thresholds; None for none.
        recorded: golden vectors of this graph and recipe, by `record_golden`; None records them here.
        reference: held-out pictures to detect drift; None for none.

    Returns:
        Fingerprint of the bundle.

    Raises:
        BundleDamaged: the model could not be loaded again: its labels, figures or outputs are invalid.
    """
    members = {
        "model.onnx": graph,
        "golden.npz": record_golden(open_runtime(graph), manifest.recipe) if recorded is None else recorded,
        "seen.npy": write_seen(PictureHashes(content=seen, pixels=seen_pixels), set_thresholds or PictureHashes()),
        "CARD.md": card.encode(),
    }
    if reference is not None:
        members[archive.REFERENCE] = reference.to_bytes()
        ReferencePictures.from_bytes(members[archive.REFERENCE], classes=len(manifest.labels))
    members[archive.MANIFEST] = replace(manifest, members=digests(members)).to_bytes()
    Manifest.from_bytes(members[archive.MANIFEST])
    golden.read(members["golden.npz"], classes=len(manifest.labels))
    archive.write(path, members)
    return archive.fingerprint(members)
