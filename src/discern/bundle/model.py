"""A bundle, loaded: pictures in, answers out."""

import io
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
from discern.errors import BundleDamaged, BundleError, DamagedPicture, PictureError, UsageError
from discern.picture import Limits, apply_recipe, load_input, read_file
from discern.picture.decode import OpenedPicture
from discern.picture.exif import ORIENTATION
from discern.picture.memory import to_array

Picture = str | Path | bytes | np.ndarray | Image.Image
OUTPUTS = ("probabilities", "unknown_score", "embedding", "evidence")
_BATCH = 32


@dataclass(frozen=True, kw_only=True)
class Verification:
    """Result of replaying a bundle's golden vectors.

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
        """True if the model predicts here what it predicted where it was trained."""
        return self.equal_decisions and self.worst_difference <= self.tolerance


class Model:
    """A classifier that knows its limits.

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
        others = {name: data for name, data in members.items() if name != archive.MANIFEST}
        for name, digest in digests(others).items():
            if self.manifest.members.get(name) != digest:
                raise BundleDamaged(f"{name} is not the one that was written.", hint="Copy the bundle again.")
        self._runtime = runtime or open_runtime(members["model.onnx"], threads=threads)
        self._members = members

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, in the order of the columns of `probabilities`."""
        return self.manifest.labels

    @property
    def card(self) -> str:
        """The model card, Markdown."""
        return self._members["CARD.md"].decode()

    @property
    def seen(self) -> np.ndarray:
        """First 8 bytes of the training pictures' content hashes, uint8 `[n, 8]`."""
        try:
            prefixes = np.asarray(np.load(io.BytesIO(self._members["seen.npy"]), allow_pickle=False))
        except (OSError, EOFError, ValueError) as error:
            raise BundleDamaged(f"seen.npy cannot be read ({error}).", hint="Copy the bundle again.") from error
        if prefixes.dtype != np.uint8 or prefixes.shape[1:] != (8,):
            raise BundleDamaged("seen.npy holds something else than hashes.", hint="Copy the bundle again.")
        return prefixes

    def __call__(self, picture: Picture) -> Prediction:
        """Answer one picture: a path, the bytes of a file, upright RGB pixels uint8 `[H, W, 3]`, or Pillow's image.

        Pillow's image is turned as its EXIF says, and brought to sRGB over white, as a file would be.

        Raises:
            PictureError: it cannot be used as a picture; the message says why.
            UsageError: it is nothing of these.
        """
        return self.answer(self.prepare(picture)[None])[0]

    def prepare(self, picture: Picture) -> np.ndarray:
        """Turn a picture into the graph's input, uint8 `[size, size, 3]`."""
        if isinstance(picture, Image.Image):
            picture = pixels_of(picture)
        if isinstance(picture, np.ndarray):
            return apply_recipe(picture, self.manifest.recipe)
        if not isinstance(picture, str | Path | bytes):
            raise UsageError(
                f"A picture is a path, bytes, pixels or an image of Pillow, and no {type(picture).__name__}.",
                hint="Give one picture; `predict` takes many.",
            )
        data = picture if isinstance(picture, bytes) else read_file(Path(picture), limits=self.limits)
        return load_input(data, self.manifest.recipe, limits=self.limits)

    def run(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Run the graph.

        Args:
            inputs: uint8 `[N, size, size, 3]`, RGB, as `prepare` gives them.

        Returns:
            `probabilities` `[N, K]`, `unknown_score` `[N]`, `embedding` `[N, D]`, `evidence` `[N, h, w, K]`, float32.

        Raises:
            BundleDamaged: the graph gives something else.
        """
        outputs = self._runtime.run({"pixels": inputs})
        if not outputs.keys() >= set(OUTPUTS) or outputs["probabilities"].shape != (len(inputs), len(self.labels)):
            raise BundleDamaged("model.onnx does not answer as bundle.json says.", hint="Copy the bundle again.")
        return outputs

    def answer(self, inputs: np.ndarray) -> list[Prediction]:
        """Answer prepared inputs, uint8 `[N, size, size, 3]`."""
        outputs = self.run(inputs)
        return self.decide(outputs["probabilities"], outputs["unknown_score"])

    def decide(self, probabilities: np.ndarray, unknown_score: np.ndarray) -> list[Prediction]:
        """Turn the graph's figures, `[N, K]` and `[N]`, into answers."""
        model = {"name": self.manifest.name, "version": self.manifest.version, "fingerprint": self.fingerprint}
        return [
            predict_one(
                dict(zip(self.labels, row.tolist(), strict=True)),
                float(score),
                thresholds=self.manifest.thresholds,
                model=model,
                language=self.manifest.language,
            )
            for row, score in zip(probabilities, unknown_score, strict=True)
        ]

    def predict(self, pictures: Iterable[Picture]) -> Iterator[Prediction | PictureError]:
        """Answer many pictures in order; a bad one gives its error in its place, and the rest goes on."""
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
        good = [item for item in inputs if isinstance(item, np.ndarray)]
        answers = iter(self.answer(np.stack(good)) if good else [])
        return [next(answers) if isinstance(item, np.ndarray) else item for item in inputs]

    def verify(self) -> Verification:
        """Replay the golden vectors on this machine."""
        worst, expected, outputs = golden.replay(self._members["golden.npz"], self.run, self.manifest.recipe)
        equal = bool(np.isfinite(worst)) and self._decisions(expected) == self._decisions(outputs)
        return Verification(
            fingerprint=self.fingerprint,
            worst_difference=worst,
            equal_decisions=equal,
            tolerance=golden.TOLERANCES[self._runtime.precision],
        )

    def _decisions(self, outputs: Mapping[str, np.ndarray]) -> list[str]:
        predictions = self.decide(outputs["probabilities"], outputs["unknown_score"])
        return [prediction.decision for prediction in predictions]


def pixels_of(image: Image.Image) -> np.ndarray:
    """The pixels of Pillow's image as a file of it would give them: upright sRGB, uint8 `[H, W, 3]`.

    Raises:
        DamagedPicture: it cannot be decoded.
    """
    try:
        image.load()  # some formats turn themselves now, and what their EXIF says changes with it
        opened = OpenedPicture(
            format=image.format or "",
            stored=image.size,
            mode=image.mode,
            load=lambda _: image,
            turn=image.getexif().get(ORIENTATION, 1),
            profile=image.info.get("icc_profile") or b"",
        )
        return to_array(opened.decode(None))
    except Exception as error:
        raise DamagedPicture(
            f"This image of Pillow cannot be used: {str(error) or type(error).__name__}.",
            hint="Save it anew from the program it came from, or leave it out.",
        ) from error


def load(path: str | Path, *, threads: int | None = None, limits: Limits | None = None) -> Model:
    """Load a bundle for answering; needs no PyTorch.

    Args:
        path: the bundle, `model.discern`.
        threads: how many cores one run may use; None lets the engine decide.
        limits: what pictures are refused.

    Raises:
        BundleError: no bundle, a damaged one, or one of a newer form.
    """
    return Model(archive.unpack(path), threads=threads, limits=limits)


def verify(path: str | Path, *, fingerprint: str | None = None) -> Verification:
    """Check that a bundle is whole and answers here as it did where it was made.

    Args:
        path: the bundle.
        fingerprint: the one it must have, 64 hexadecimal digits; None: any.

    Raises:
        BundleError: it is not whole, or not the one asked for.
    """
    model = load(path)
    if fingerprint is not None and fingerprint.lower() != model.fingerprint:
        raise BundleError(
            f"{path} has fingerprint {model.fingerprint}, not {fingerprint}.",
            hint="It is another model, or a forged one.",
        )
    return model.verify()
