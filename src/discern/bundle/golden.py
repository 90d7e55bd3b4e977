"""Functions that record golden vectors with a model and verify the model against them on other machines.

The inputs are generated pictures; the outputs are those that the model computed where it was trained.
"""

import io
import zipfile
from collections.abc import Callable, Mapping
from tokenize import TokenError
from types import MappingProxyType

import numpy as np
from PIL import Image

from discern.bundle.archive import DAMAGED_HINT
from discern.errors import BundleDamaged, PictureError
from discern.picture import Recipe, load_input

TOLERANCES: Mapping[str, float] = MappingProxyType({"float32": 1e-4})
"""Largest difference from the golden vectors that passes verification, by the precision of the engine; not tuned."""

_SIZES = ((64, 48), (96, 96), (200, 300), (320, 160), (33, 57), (256, 256))
_OUTPUTS = ("probabilities", "unknown_score", "embedding")
_FAILURES = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    TypeError,
    MemoryError,
    TokenError,  # from a forged array header
    zipfile.BadZipFile,
    PictureError,
)
Run = Callable[[np.ndarray], dict[str, np.ndarray]]


def generate_pictures(seed: int = 0) -> list[bytes]:
    """Generate synthetic PNG images as inputs for golden vectors."""
    random = np.random.default_rng(seed)
    return [_encode(_draw(width, height, random)) for width, height in _SIZES]


def _draw(width: int, height: int, random: np.random.Generator) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    waves = random.uniform(0.01, 0.2, (2, 3))
    pixels = 127.5 + 100 * np.sin(x[..., None] * waves[0] + y[..., None] * waves[1])
    top, left = random.integers(0, height // 2), random.integers(0, width // 2)
    pixels[top : top + height // 3, left : left + width // 3] = random.uniform(0, 255, 3)
    noisy: np.ndarray = np.clip(pixels + random.normal(0, 8, pixels.shape), 0, 255).astype(np.uint8)
    return noisy


def _encode(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def record(run: Run, recipe: Recipe) -> bytes:
    """Record the outputs of a model on generated images as golden vectors.

    Args:
        run: function from uint8 `[N, size, size, 3]` to the graph's outputs by name.
        recipe: preprocessing of the pictures.

    Returns:
        Content of `golden.npz`.
    """
    pictures = generate_pictures()
    inputs = np.stack([load_input(data, recipe) for data in pictures])
    outputs = run(inputs)
    arrays: dict[str, np.ndarray] = {name: outputs[name].astype(np.float32) for name in _OUTPUTS}
    arrays |= {f"picture_{index}": np.frombuffer(data, np.uint8) for index, data in enumerate(pictures)}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def replay(golden: bytes, run: Run, recipe: Recipe) -> tuple[float, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Run a model on its golden vectors and compare the outputs with the stored ones.

    Returns:
        Largest difference, relative where values exceed 1; the stored outputs; the new outputs.

    Raises:
        BundleDamaged: the golden vectors cannot be read.
    """
    try:
        _require_stored(golden)
        with np.load(io.BytesIO(golden), allow_pickle=False) as opened:
            arrays = {name: opened[name] for name in opened.files}
        pictures = [arrays[name].tobytes() for name in sorted(arrays) if name.startswith("picture_")]
        expected = {name: arrays[name] for name in _OUTPUTS}
        inputs = np.stack([load_input(data, recipe) for data in pictures])
    except _FAILURES as error:
        raise BundleDamaged(f"golden.npz cannot be read ({error}).", hint=DAMAGED_HINT) from error
    outputs = run(inputs)
    worst = max(_difference(outputs[name], expected[name]) for name in _OUTPUTS)
    return worst, expected, outputs


def _require_stored(golden: bytes) -> None:
    """Raise ValueError if a member of an `.npz` file is compressed and could exhaust memory."""
    with zipfile.ZipFile(io.BytesIO(golden)) as opened:
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in opened.infolist()):
            raise ValueError("its arrays are compressed")


def _difference(actual: np.ndarray, expected: np.ndarray) -> float:
    if actual.shape != expected.shape or not np.all(np.isfinite(actual)):
        return float("inf")
    return float(np.max(np.abs(actual - expected) / np.maximum(1.0, np.abs(expected)), initial=0.0))
