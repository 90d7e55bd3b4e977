"""Image classifier loaded from a model bundle."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from discern.bundle import archive, golden
from discern.bundle.manifest import Manifest, digests
from discern.bundle.prediction import Prediction, predict_one
from discern.bundle.runtime import Runtime, open_runtime
from discern.bundle.seen_pictures import SeenPictures
from discern.errors import BundleDamaged, BundleError, DamagedPicture, PictureError, UsageError
from discern.picture import Limits, apply_recipe, load_input, read_file
from discern.picture.decode import OpenedPicture
from discern.picture.exif_tags import ORIENTATION
from discern.picture.memory import to_array

Picture = str | Path | bytes | np.ndarray | Image.Image
_BATCH = 32  # not tuned


@dataclass(frozen=True, kw_only=True)
class Verification:
    """Result of verifying a model against its golden vectors.

    Attributes:
        fingerprint: the bundle's fingerprint, 64 hexadecimal digits.
        worst_difference: largest difference from the golden vectors.
        equal_decisions: True if every decision is the recorded one.
        tolerance: largest difference that passes, see `golden.TOLERANCES`.
    """

    fingerprint: str
    worst_difference: float
    equal_decisions: bool
    tolerance: float

    @property
    def passed(self) -> bool:
        """Return True if the model reproduces its golden vectors on this machine."""
        return self.equal_decisions and self.worst_difference <= self.tolerance


class Model:
    """Image classifier loaded from a model bundle.

    >>> model = load("runs/demo/model.discern")  # doctest: +SKIP
    >>> model("new.jpg").message  # doctest: +SKIP
    'This looks like "3" (98 %), but please have a look.'
    """

    def __init__(
        self,
        members: dict[str, bytes],
        *,
        threads: int | None = None,
        limits: Limits | None = None,
        runtime: Runtime | None = None,
    ) -> None:
        self.manifest = Manifest.from_bytes(members[archive.MANIFEST])
        self.fingerprint = archive.fingerprint(members)
        self.limits = limits or Limits()
        _check_digests(self.manifest, members)
        self._golden = golden.read(members["golden.npz"], classes=len(self.labels))
        self._seen = archive.read_seen(members["seen.npy"])
        self._card = archive.read_card(members["CARD.md"])
        self._runtime = runtime or open_runtime(members["model.onnx"], threads=threads)
        size = self.manifest.recipe.size
        if dict(self._runtime.input_shapes) != {"pixels": (None, size, size, 3)}:
            raise BundleDamaged(
                f"model.onnx and bundle.json do not match: the graph does not take pictures of {size} x {size} pixels.",
                hint=archive.DAMAGED_HINT,
            )

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the class labels in the column order of the probabilities."""
        return self.manifest.labels

    @property
    def card(self) -> str:
        """Return the model card as Markdown text."""
        return self._card

    @property
    def seen(self) -> np.ndarray:
        """Return prefixes of the content hashes of the training images.

        The result is uint8 `[n, 8]`.
        """
        return self._seen.contents

    @property
    def seen_pictures(self) -> SeenPictures:
        """Return the set of the training images and of those that set the thresholds."""
        return self._seen

    def __call__(self, picture: Picture) -> Prediction:
        """Classify one image and return its prediction.

        Args:
            picture: path, content of a file, upright RGB pixels uint8 `[H, W, 3]`, or Pillow image; an image is rotated
                by its EXIF orientation and converted to sRGB on white, as a file would be.

        Raises:
            PictureError: it cannot be used as a picture; the message states the reason.
            UsageError: it has another type.
        """
        return self.answer(self.prepare(picture)[None])[0]

    def prepare(self, picture: Picture) -> np.ndarray:
        """Convert an image to model input by the preprocessing recipe.

        The result is uint8 `[size, size, 3]`.
        """
        if isinstance(picture, Image.Image):
            picture = pixels_of(picture)
        if isinstance(picture, np.ndarray):
            return apply_recipe(picture, self.manifest.recipe)
        if not isinstance(picture, str | Path | bytes):
            raise UsageError(
                f"A picture must be a path, bytes, an array of pixels or a Pillow image, not {type(picture).__name__}.",
                hint="Pass one picture, or use `predict` for several.",
            )
        data = picture if isinstance(picture, bytes) else read_file(Path(picture), limits=self.limits)
        return load_input(data, self.manifest.recipe, limits=self.limits)

    def run(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Run the ONNX graph on a batch of preprocessed images.

        Args:
            inputs: uint8 `[N, size, size, 3]`, RGB, as returned by `prepare`.

        Returns:
            `probabilities` `[N, K]`, `unknown_score` `[N]`, `embedding` `[N, D]`, `evidence` `[N, h, w, K]`, float32.

        Raises:
            BundleDamaged: the graph has other outputs.
        """
        outputs = self._runtime.run({"pixels": inputs})
        shapes = {
            "probabilities": (len(inputs), len(self.labels)),
            "unknown_score": (len(inputs),),
            "embedding": (len(inputs), None),
            "evidence": (len(inputs), None, None, len(self.labels)),
        }
        if wrong := [name for name in shapes if not _is_float32(outputs.get(name), shapes[name])]:
            raise BundleDamaged(
                f"model.onnx and bundle.json do not match: the graph's {wrong[0]} has another shape or type.",
                hint=archive.DAMAGED_HINT,
            )
        return outputs

    def answer(self, inputs: np.ndarray) -> list[Prediction]:
        """Classify a batch of preprocessed images.

        The images are uint8 `[N, size, size, 3]`.
        """
        outputs = self.run(inputs)
        return self.decide(outputs["probabilities"], outputs["unknown_score"])

    def decide(self, probabilities: np.ndarray, unknown_score: np.ndarray) -> list[Prediction]:
        """Convert class probabilities and out-of-distribution scores to predictions.

        The arrays are `[N, K]` and `[N]`.
        """
        model = {"name": self.manifest.name, "version": self.manifest.version, "fingerprint": self.fingerprint}
        return [
            predict_one(
                dict(zip(self.labels, row.tolist(), strict=True)),
                float(score),
                thresholds=self.manifest.thresholds,
                model=model,
                label_names=self.manifest.label_names,
            )
            for row, score in zip(probabilities, unknown_score, strict=True)
        ]

    def predict(self, pictures: Iterable[Picture]) -> Iterator[Prediction | PictureError]:
        """Classify many images and yield their predictions in order.

        A picture that cannot be used gives its error in place of a prediction.
        """
        stream = iter(pictures)
        while batch := list(islice(stream, _BATCH)):
            yield from self._predict_batch(batch)

    def _predict_batch(self, batch: Sequence[Picture]) -> list[Prediction | PictureError]:
        inputs: list[np.ndarray | PictureError] = []
        for picture in batch:
            try:
                inputs.append(self.prepare(picture))
            except PictureError as error:
                inputs.append(error)
        usable = [item for item in inputs if isinstance(item, np.ndarray)]
        predictions = iter(self.answer(np.stack(usable)) if usable else [])
        return [next(predictions) if isinstance(item, np.ndarray) else item for item in inputs]

    def check_outputs(self) -> None:
        """Check that the outputs for the golden pictures can be decided on, equal to the golden vectors or not.

        Raises:
            BundleDamaged: they have another shape or type, are not finite, or are not probabilities.
        """
        try:
            golden.check_figures(self._replay())
        except ValueError as error:
            raise BundleDamaged(f"The model cannot be used: {error}.", hint=archive.DAMAGED_HINT) from error

    def verify(self) -> Verification:
        """Verify that the model reproduces its golden vectors."""
        expected = self._golden.outputs
        outputs = self._replay()
        worst = golden.largest_difference(outputs, expected)
        finite = bool(np.isfinite(worst) and np.isfinite(outputs["evidence"]).all())
        equal = finite and self._decisions(expected) == self._decisions(outputs)
        return Verification(
            fingerprint=self.fingerprint,
            worst_difference=worst,
            equal_decisions=equal,
            tolerance=golden.TOLERANCES[self._runtime.precision],
        )

    def _replay(self) -> dict[str, np.ndarray]:
        return golden.run_pictures(self._golden, self.run, self.manifest.recipe)

    def _decisions(self, outputs: Mapping[str, np.ndarray]) -> list[str]:
        predictions = self.decide(outputs["probabilities"], outputs["unknown_score"])
        return [prediction.decision for prediction in predictions]


def _check_digests(manifest: Manifest, members: Mapping[str, bytes]) -> None:
    others = {name: data for name, data in members.items() if name != archive.MANIFEST}
    for name, digest in digests(others).items():
        if manifest.members.get(name) != digest:
            raise BundleDamaged(f"{name} was changed.", hint=archive.DAMAGED_HINT)
    if added := sorted(manifest.members.keys() - others.keys()):
        raise BundleDamaged(f"bundle.json lists {added[0]!a:.60}, which is not a member.", hint=archive.DAMAGED_HINT)


def _is_float32(values: object, shape: tuple[int | None, ...]) -> bool:
    """Check the type and shape of an output, of which each None is any length but 0."""
    return (
        isinstance(values, np.ndarray)
        and values.dtype == np.float32
        and values.ndim == len(shape)
        and all(
            length > 0 if wanted is None else length == wanted
            for length, wanted in zip(values.shape, shape, strict=True)
        )
    )


def pixels_of(image: Image.Image) -> np.ndarray:
    """Convert a Pillow image to upright sRGB pixels.

    The result is uint8 `[H, W, 3]`.

    Raises:
        DamagedPicture: the image cannot be decoded.
    """
    try:
        image.load()  # some formats rotate themselves now, and change their EXIF orientation with it
        opened = OpenedPicture(
            format=image.format or "",
            stored_size=image.size,
            mode=image.mode,
            load=lambda _: image,
            orientation=image.getexif().get(ORIENTATION, 1),
            profile=image.info.get("icc_profile") or b"",
        )
        return to_array(opened.decode(None))
    except Exception as error:
        raise DamagedPicture(
            f"The Pillow image cannot be decoded: {str(error) or type(error).__name__}.",
            hint="Export the picture again from its original program, or leave it out.",
        ) from error


def load(path: str | Path, *, threads: int | None = None, limits: Limits | None = None) -> Model:
    """Load an image classifier from a model bundle, without PyTorch.

    It is run once on its golden pictures, so that a model whose outputs are not probabilities is not returned.

    Args:
        path: path of the bundle, `model.discern`.
        threads: number of cores that one run may use; None lets the engine decide.
        limits: limits on the size of pictures; None for the defaults.

    Raises:
        BundleError: the file is not a bundle, is damaged, or has a newer format.
    """
    model = Model(archive.unpack(path), threads=threads, limits=limits)
    model.check_outputs()
    return model


def verify(path: str | Path, *, fingerprint: str | None = None) -> Verification:
    """Verify the integrity of a model bundle and replay its golden vectors on this machine.

    Args:
        path: path of the bundle.
        fingerprint: required fingerprint, 64 hexadecimal digits; None accepts any.

    Raises:
        BundleError: the bundle is damaged, or has another fingerprint.
    """
    model = load(path)
    if fingerprint is not None and fingerprint.lower() != model.fingerprint:
        raise BundleError(
            f"{path} has fingerprint {model.fingerprint}, not {fingerprint}.",
            hint="It is another model, or a forgery.",
        )
    return model.verify()
