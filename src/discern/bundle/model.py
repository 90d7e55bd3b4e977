"""Image classifier loaded from a model bundle."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from discern.bundle import archive, golden
from discern.bundle.manifest import Manifest, digests
from discern.bundle.picture_input import Picture, content_of, each_picture
from discern.bundle.prediction import Prediction, predict_one
from discern.bundle.reference_pictures import ReferencePictures
from discern.bundle.runtime import Runtime, open_runtime
from discern.bundle.seen_pictures import SeenPictures
from discern.display.displayed import Displayed
from discern.errors import BundleDamaged, BundleError, PictureError, UsageError
from discern.picture import Limits, apply_recipe, load_input

if TYPE_CHECKING:
    from discern.display.html_card import HtmlCard

_BATCH = 32  # not tuned
_MOST_SHOWN = 12
_RESTORED = 4  # not tuned: models that one process unpickles again and again, with each of its tasks


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


class Model(Displayed):
    """Image classifier loaded from a model bundle.

    >>> model = load("runs/demo/model.discern")  # doctest: +SKIP
    >>> model("new.jpg").message  # doctest: +SKIP
    'This looks like "3" (98 %), but please have a look.'

    A model may be shared by threads, and used in processes that were forked. It is pickled as the absolute path and the
    fingerprint of its bundle, and loaded from there by whoever unpickles it. A copy is the model itself, as it never
    changes.

    Args:
        members: content of the bundle's members, by name.
        threads: number of cores that one run may use; None lets the engine decide.
        limits: limits on the size of pictures; None for the defaults.
        runtime: engine that runs the graph; None opens one.
        path: absolute path of the bundle; None if it is not in a file, so that the model cannot be pickled.
    """

    def __init__(
        self,
        members: dict[str, bytes],
        *,
        threads: int | None = None,
        limits: Limits | None = None,
        runtime: Runtime | None = None,
        path: Path | None = None,
    ) -> None:
        self.manifest = Manifest.from_bytes(members[archive.MANIFEST])
        self.fingerprint = archive.fingerprint(members)
        self.limits = limits or Limits()
        self._path, self._threads = path, threads
        _check_digests(self.manifest, members)
        self._golden = golden.read(members["golden.npz"], classes=len(self.labels))
        self._seen = archive.read_seen(members["seen.npy"])
        self._card = archive.read_card(members["CARD.md"])
        self._reference_pictures = archive.read_reference(members, classes=len(self.labels))
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

    @property
    def reference(self) -> ReferencePictures | None:
        """Return the held-out pictures to detect drift, or None in a bundle without them."""
        return self._reference_pictures

    def __call__(self, picture: Picture) -> Prediction:
        """Classify one image and return its prediction.

        Args:
            picture: path; content of a file; file that is open in binary mode, such as an upload, read from its current
                position; upright RGB pixels or tensor, uint8 `[H, W, 3]`; or Pillow image, which is rotated by its EXIF
                orientation and converted to sRGB on white, as a file would be.

        Raises:
            PictureError: it cannot be used as a picture; the message states the reason.
            UsageError: it has another type, or is a URL.
        """
        return self.answer(self.prepare(picture)[None])[0]

    def _brief(self) -> dict[str, Any]:
        manifest = self.manifest
        return {"name": manifest.name, "version": manifest.version, "labels": len(self.labels)}

    def _to_card(self) -> "HtmlCard":
        from discern.display.html_card import HtmlCard  # noqa: PLC0415 - in notebooks only

        facts = [("labels", ", ".join(self.labels[:_MOST_SHOWN])), ("fingerprint", self.fingerprint)]
        more = len(self.labels) - _MOST_SHOWN
        card = HtmlCard(f"Discern · model, version {self.manifest.version}", self.manifest.name).facts(facts)
        return card.text(f"and {more:,} more labels" if more > 0 else "")

    def __reduce__(self) -> tuple[Any, ...]:
        if self._path is None:
            raise UsageError(
                "This model was not loaded from a file, so it cannot be pickled.",
                hint="Load it from its bundle with `discern.load`, or do so in each process.",
            )
        return restore, (str(self._path), self.fingerprint, self._threads, self.limits)

    if not TYPE_CHECKING:  # as type checkers would accept any attribute

        def __getattr__(self, name: str) -> Any:
            """Load a model that a worker process has unpickled (see `restore`)."""
            reference = vars(self).get("_reference")
            loaded = {} if reference is None else vars(_load_pickled(*reference))
            if name not in loaded:
                raise AttributeError(f"'Model' object has no attribute {name!r}")
            vars(self).update(loaded)
            return loaded[name]

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: object) -> Self:
        return self

    def prepare(self, picture: Picture) -> np.ndarray:
        """Convert an image to model input by the preprocessing recipe.

        The result is uint8 `[size, size, 3]`.
        """
        content = content_of(picture, limits=self.limits, white=self.manifest.recipe.white)
        if isinstance(content, np.ndarray):
            return apply_recipe(content, self.manifest.recipe)
        return load_input(content, self.manifest.recipe, limits=self.limits)

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
                unjudged=self.manifest.unjudged,
                policy=self.manifest.policy,
            )
            for row, score in zip(probabilities, unknown_score, strict=True)
        ]

    def predict(self, pictures: Iterable[Picture] | Picture) -> Iterator[Prediction | PictureError]:
        """Classify many images and yield their predictions in order.

        A picture that cannot be used gives its error in place of a prediction. One picture, such as a path, is a list
        of one.

        Raises:
            UsageError: an item is not a picture, or is a URL.
        """
        return self._predict_batches(each_picture(pictures))

    def _predict_batches(self, pictures: Iterator[Picture]) -> Iterator[Prediction | PictureError]:
        done = 0
        while batch := list(islice(pictures, _BATCH)):
            inputs: list[np.ndarray | PictureError] = []
            try:
                inputs.extend(map(self._prepare_usable, batch))
            except UsageError as error:
                yield from self._predict_usable(inputs)
                number = done + len(inputs) + 1
                raise UsageError(f"Picture number {number}: {error.message}", hint=error.hint) from error
            yield from self._predict_usable(inputs)
            done += len(batch)

    def _prepare_usable(self, picture: Picture) -> np.ndarray | PictureError:
        try:
            return self.prepare(picture)
        except PictureError as error:
            return error

    def _predict_usable(self, inputs: Sequence[np.ndarray | PictureError]) -> list[Prediction | PictureError]:
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

    def verify(self, *, pictures: int | None = None) -> Verification:
        """Verify that the model reproduces its golden vectors.

        Args:
            pictures: how many of the golden pictures to replay; None: all of them.
        """
        vectors = self._golden if pictures is None else self._golden.first(pictures)
        expected = vectors.outputs
        outputs = golden.run_pictures(vectors, self.run, self.manifest.recipe)
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


def load(path: str | Path, *, threads: int | None = None, limits: Limits | None = None) -> Model:
    """Load an image classifier from a model bundle, without PyTorch.

    It is run once on its golden pictures, so that a model whose outputs are not probabilities is not returned.

    Args:
        path: path of the bundle, `model.discern`, or its address in a bucket (`s3://`).
        threads: number of cores that one run may use; None lets the engine decide.
        limits: limits on the size of pictures; None for the defaults.

    Raises:
        BundleError: the file is not a bundle, is damaged, or has a newer format.
    """
    members = archive.unpack(path)
    model = Model(members, threads=threads, limits=limits, path=archive.local_bundle(path).absolute())
    model.check_outputs()
    return model


def restore(path: str, fingerprint: str, threads: int | None, limits: Limits) -> Model:
    """Load a model that was pickled.

    In a process of `multiprocessing` it is loaded on first use: an error while a task is unpickled would end the
    process, and its pool would wait forever.

    Raises:
        BundleError: the bundle cannot be used, or was replaced since.
    """
    from multiprocessing import parent_process  # noqa: PLC0415 - only needed here

    if parent_process() is None:
        return _load_pickled(path, fingerprint, threads, limits)
    model = Model.__new__(Model)
    vars(model)["_reference"] = (path, fingerprint, threads, limits)
    return model


@lru_cache(maxsize=_RESTORED)
def _load_pickled(path: str, fingerprint: str, threads: int | None, limits: Limits) -> Model:
    model = load(path, threads=threads, limits=limits)
    if model.fingerprint != fingerprint:
        raise BundleError(
            f"{path} was replaced after this model had been pickled: its fingerprint is {model.fingerprint[:16]}, "
            f"not {fingerprint[:16]}.",
            hint="Load the model again, and pickle it again.",
        )
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
