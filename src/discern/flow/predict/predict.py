"""Functions that classify images one by one (`discern predict`)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from discern.buckets.mirror import address_of
from discern.bundle import Model, Prediction, load
from discern.catalog.formats.archive_source import holds_files, read_members
from discern.catalog.formats.capture_file import is_capture
from discern.catalog.formats.folder_source import FolderSource
from discern.catalog.formats.listing.listing_source import SUFFIXES
from discern.display.displayed import Displayed
from discern.display.html_card import HtmlCard
from discern.errors import CatalogError, DiscernError, NotAPicture, PictureError, overlong_path, shorten
from discern.flow.paths import is_folder
from discern.flow.predict.answer_card import with_thumbnail
from discern.flow.predict.inputs import STANDARD_INPUT, require_inputs, resolve_inputs
from discern.flow.run import is_own
from discern.inference.error_status import error_json
from discern.picture import Limits
from discern.progress import Progress, silent

_BATCH = 32
_CONTAINER_HINT = "Add --out FILE to predict the pictures in it; in Python, call discern.predict_to."


@dataclass(frozen=True, kw_only=True, repr=False)
class Answer(Displayed):
    """Prediction for one image, or the error that prevented it.

    Attributes:
        path: absolute path of the picture; "-" for standard input.
        prediction: the prediction; None if there is an error.
        error: the error; None if there is a prediction.
    """

    path: str
    prediction: Prediction | None = None
    error: DiscernError | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the prediction or error as a JSON-serialisable dictionary.

        Keys:
            path: absolute path of the picture; "-" for standard input.
            label: most probable label, whatever the decision.
            decision: `accept`, `review` (show it to a person) or `unknown` (none of the classes).
            confidence: calibrated probability of `label`, in [0, 1].
            probabilities: calibrated probability of each label; they sum to 1.
            set: labels of the prediction set; null if the model has none.
            unknown_score: distance from the training pictures; larger is farther.
            looks_like: most similar label if the decision is `unknown`; else null.
            message: the prediction in one plain sentence.
            order_value: with ordered labels only: number, or position from 0, of the median label.
            name: display name of `label`; like `spoken` and `route`, only if the model has a names.csv.
            spoken: the prediction as a sentence to be spoken.
            route: destination of objects of this label; null unless accepted.
            model: `name`, `version` and `fingerprint` of the model.
            id: unique identifier of the prediction.
            error: in place of all but `path`, for an unusable file: `code`, `message` and `hint`.
        """
        if self.prediction is not None:
            return {"path": self.path} | self.prediction.to_json()
        assert self.error is not None
        return {"path": self.path} | error_json(self.error)

    def _brief(self) -> dict[str, Any]:
        return {"path": self.path} | {name: value for name, value in vars(self).items() if value and name != "path"}

    def _to_card(self) -> HtmlCard:
        name = Path(self.path).name
        if self.prediction is None:
            return HtmlCard("Discern · not usable", name).text(str(self.error))
        return with_thumbnail(self.prediction, self.path)


def predict(
    bundle: str | Path | Model, paths: Iterable[str | Path] | str | Path, *, progress: Progress = silent
) -> Iterator[Answer]:
    """Classify images one by one in the given order.

    Args:
        bundle: path of a bundle, or a loaded model.
        paths: files, folders (all files in them, as `predict_to` finds them), glob patterns, and "-" for standard
            input, which may be a picture or a list of paths, one per line. One path need not be in a list.
        progress: called with the stage and the number of pictures done.

    Yields:
        One result per picture; an unusable file yields its error, and the others are predicted.

    Raises:
        BundleError: the bundle cannot be used.
        UsageError: no path was given, an empty one, a URL, or something else.
    """
    inputs = require_inputs(paths)
    return _answers(bundle if isinstance(bundle, Model) else load(bundle), inputs, progress)


def _answers(model: Model, inputs: list[str], progress: Progress) -> Iterator[Answer]:
    stream, done = _pictures(inputs, model.limits), 0
    while batch := list(islice(stream, _BATCH)):
        results = iter(model.predict(each.picture for each in batch if each.error is None))
        for each in batch:
            done += 1
            yield _answer(each, each.error or next(results))
        progress("predict", done, None)


class _Input(NamedTuple):
    path: str
    picture: Path | bytes
    explicit: bool = True
    """False for a file found in a folder."""
    error: PictureError | None = None
    """Reason why there is no picture in a captured request."""


def _answer(given: _Input, result: Prediction | PictureError) -> Answer:
    if isinstance(result, Prediction):
        return Answer(path=address_of(given.path), prediction=result)
    if isinstance(result, NotAPicture) and given.explicit and isinstance(given.picture, Path):
        result = _container_error(given.picture) or result
    return Answer(path=address_of(given.path), error=result)


def _container_error(path: Path) -> NotAPicture | None:
    if path.name.lower().endswith(SUFFIXES):
        kind = "a list"
    elif holds_files(path):
        kind = "an archive"
    else:
        return None
    return NotAPicture(f"This is {kind} of pictures, not a picture.", hint=_CONTAINER_HINT)


def _pictures(inputs: Iterable[str], limits: Limits) -> Iterator[_Input]:
    for found in resolve_inputs(inputs, limits):
        if isinstance(found, bytes):
            yield _Input(STANDARD_INPUT, found)
        elif is_folder(path := Path(found)):
            for file in _walk(path.absolute(), limits):
                yield from _captured(file, limits) if is_capture(file) else [_Input(str(file), file, explicit=False)]
        elif overlong_path(found) is None and is_capture(path):
            yield from _captured(path.absolute(), limits)
        else:
            text = str(path.absolute())
            yield _Input(text if overlong_path(text) is None else shorten(text), path)


def _captured(file: Path, limits: Limits) -> Iterator[_Input]:
    """Yield the pictures of captured requests."""
    for item in read_members(file, str(file), limits=limits):
        try:
            yield _Input(item.path, item.load())
        except PictureError as error:
            yield _Input(item.path, b"", error=error)


def _walk(folder: Path, limits: Limits) -> Iterator[Path]:
    try:
        source = FolderSource(folder, limits=limits, leave_out=is_own, sidecars=False)
    except CatalogError:
        yield folder
    else:
        yield from source.places()
