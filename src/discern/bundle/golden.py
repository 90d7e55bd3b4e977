"""Functions that record golden vectors with a model and verify the model against them on other machines.

The inputs are generated pictures; the outputs are those that the model computed where it was trained.
"""

import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from PIL import Image

from discern.bundle.archive import DAMAGED_HINT, MEMBER_LIMITS
from discern.bundle.npy_array import read_array
from discern.bundle.prediction_sets import are_distributions
from discern.errors import BundleDamaged, PictureError
from discern.picture import Limits, Recipe, load_input

TOLERANCES: Mapping[str, float] = MappingProxyType({"float32": 1e-4})
"""Largest difference from the golden vectors that passes verification, by the precision of the engine; not tuned."""

_SIZES = ((64, 48), (96, 96), (200, 300), (320, 160), (33, 57), (256, 256))
_OUTPUTS = {"probabilities": 2, "unknown_score": 1, "embedding": 2}  # by their number of dimensions
# Far above what is recorded; not tuned.
_MAX_PICTURES, _MAX_BATCH_BYTES = 32, 16 << 20
_MAX_ENTRIES = _MAX_PICTURES + len(_OUTPUTS)
_LIMITS = Limits(max_bytes=4 << 20, max_pixels=1 << 20, max_memory=64 << 20)
_CENTRAL_ENTRY, _ENCRYPTED, _PNG = b"PK\x01\x02", 1, b"\x89PNG\r\n\x1a\n"
_FAILURES = (OSError, EOFError, ValueError, KeyError, NotImplementedError, RuntimeError, zipfile.BadZipFile)
Run = Callable[[np.ndarray], dict[str, np.ndarray]]


def generate_pictures(seed: int = 0) -> list[bytes]:
    """Generate synthetic PNG images as inputs for golden vectors."""
    random = np.random.default_rng(seed)
    return [_encode(_draw(width, height, random)) for width, height in _SIZES]


def _draw(width: int, height: int, random: "np.random.Generator") -> np.ndarray:
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


@dataclass(frozen=True, kw_only=True, eq=False)
class GoldenVectors:
    """Golden vectors of a model: pictures with the outputs that they had where the model was trained.

    Attributes:
        pictures: content of PNG files.
        outputs: `probabilities` `[N, K]`, `unknown_score` `[N]` and `embedding` `[N, D]`, float32.
    """

    pictures: tuple[bytes, ...]
    outputs: Mapping[str, np.ndarray]

    def first(self, count: int) -> "GoldenVectors":
        """Return the golden vectors of the first pictures."""
        outputs = {name: values[:count] for name, values in self.outputs.items()}
        return GoldenVectors(pictures=self.pictures[:count], outputs=outputs)


def read(golden: bytes, *, classes: int) -> GoldenVectors:
    """Read and validate the golden vectors of a model.

    Args:
        golden: content of `golden.npz`.
        classes: number of the model's labels.

    Raises:
        BundleDamaged: they cannot be read, are too large, or are not outputs of a model with so many labels.
    """
    try:
        members = _read_members(golden)
        pictures = tuple(_read_picture(members[name]) for name in sorted(members) if name not in _OUTPUTS)
        outputs = {name: read_array(members[name], dtype="<f4", dimensions=_OUTPUTS[name]) for name in _OUTPUTS}
        _check_outputs(outputs, pictures=len(pictures), classes=classes)
    except _FAILURES as error:
        raise BundleDamaged(f"golden.npz cannot be used: {error}.", hint=DAMAGED_HINT) from error
    return GoldenVectors(pictures=pictures, outputs=outputs)


def _read_members(golden: bytes) -> dict[str, bytes]:
    """Read the arrays in an `.npz` file that has exactly those of golden vectors."""
    if len(golden) > MEMBER_LIMITS["golden.npz"] or golden.count(_CENTRAL_ENTRY) > _MAX_ENTRIES:
        raise ValueError("it is too large")
    with zipfile.ZipFile(io.BytesIO(golden)) as opened:
        entries = opened.infolist()
        names = [entry.filename.removesuffix(".npy") for entry in entries if entry.filename.endswith(".npy")]
        pictures = [f"picture_{number}" for number in range(len(entries) - len(_OUTPUTS))]
        if sorted(names) != sorted([*_OUTPUTS, *pictures]) or not 0 < len(pictures) <= _MAX_PICTURES:
            raise ValueError(f"it does not have the arrays {', '.join(_OUTPUTS)} and picture_0, picture_1, ...")
        if any(entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & _ENCRYPTED for entry in entries):
            raise ValueError("its arrays are compressed or encrypted")
        if sum(entry.file_size for entry in entries) > len(golden):
            raise ValueError("its arrays are larger than the file")
        return {name: opened.read(f"{name}.npy") for name in names}


def _read_picture(member: bytes) -> bytes:
    data = read_array(member, dtype="|u1", dimensions=1).tobytes()
    if not data.startswith(_PNG):
        raise ValueError("one of its pictures is not a PNG")
    return data


def _check_outputs(outputs: Mapping[str, np.ndarray], *, pictures: int, classes: int) -> None:
    if any(len(values) != pictures for values in outputs.values()) or outputs["probabilities"].shape[1] != classes:
        raise ValueError("its outputs are not those of its pictures and of the labels in bundle.json")
    check_figures(outputs)


def check_figures(outputs: Mapping[str, np.ndarray]) -> None:
    """Check that outputs are finite and the probabilities distributions.

    Raises:
        ValueError: they are not; the message names the output.
    """
    for name, values in outputs.items():
        if not np.isfinite(values).all():
            raise ValueError(f"its {name} has numbers that are not finite")
    if not are_distributions(outputs["probabilities"]).all():
        raise ValueError("its probabilities are not in [0, 1], or do not sum to 1")


def run_pictures(vectors: GoldenVectors, run: Run, recipe: Recipe) -> dict[str, np.ndarray]:
    """Run a model on the golden pictures and return its outputs.

    They are one batch, as when they were recorded, unless they are large.

    Args:
        vectors: the golden vectors.
        run: function from uint8 `[N, size, size, 3]` to the graph's outputs by name.
        recipe: preprocessing of the pictures.

    Raises:
        BundleDamaged: a picture cannot be used.
    """
    batch = max(1, _MAX_BATCH_BYTES // (3 * recipe.size**2))
    found: list[dict[str, np.ndarray]] = []
    for start in range(0, len(vectors.pictures), batch):
        try:
            pictures = vectors.pictures[start : start + batch]
            inputs = np.stack([load_input(data, recipe, limits=_LIMITS) for data in pictures])
        except PictureError as error:
            raise BundleDamaged(f"A picture in golden.npz cannot be used: {error}", hint=DAMAGED_HINT) from error
        found.append(run(inputs))
    return {name: np.concatenate([each[name] for each in found]) for name in (*_OUTPUTS, "evidence")}


def largest_difference(actual: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]) -> float:
    """Return the largest difference between outputs, relative where values exceed 1."""
    return max(_difference(actual[name], expected[name]) for name in _OUTPUTS)


def _difference(actual: np.ndarray, expected: np.ndarray) -> float:
    if actual.shape != expected.shape or not np.all(np.isfinite(actual)):
        return float("inf")
    return float(np.max(np.abs(actual - expected) / np.maximum(1.0, np.abs(expected)), initial=0.0))
