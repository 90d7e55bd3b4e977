"""`discern predict`: answers to pictures named in every usual way."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from discern.bundle import Model, Prediction, load
from discern.catalog.formats.archive_source import holds_files
from discern.catalog.formats.listing.listing_source import SUFFIXES
from discern.errors import DiscernError, NotAPicture, PictureError
from discern.flow.paths import is_folder
from discern.flow.predict.inputs import STANDARD_INPUT, require_inputs, resolve_inputs
from discern.inference.error_status import error_json
from discern.progress import Progress, silent

_BATCH = 32
_HOLDS_PICTURES = "Add --out FILE to answer the pictures in it; in Python, call discern.predict_to."


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of one picture: a prediction or an error.

    Attributes:
        path: the picture's absolute path; "-" for one that came through standard input.
        prediction: the answer, or None.
        error: why there is none, or None.
    """

    path: str
    prediction: Prediction | None = None
    error: DiscernError | None = None

    def to_json(self) -> dict[str, Any]:
        """The prediction with its path, or the path with the error.

        Keys:
            path: the picture's absolute path; "-" for one that came through standard input.
            label: the most probable class, whatever the decision.
            decision: `accept`, `review` (ask a person) or `unknown` (none of these).
            confidence: the calibrated probability of `label`, in [0, 1].
            probabilities: every label's calibrated probability; they sum to 1.
            set: the labels of the conformal set; null where the model has none.
            unknown_score: how strange the picture is; larger is stranger.
            looks_like: the label it looks most like, where the decision is `unknown`; else null.
            message: the answer in one plain sentence.
            order_value: for ordered labels alone: the number (or place, from 0) of the label in the middle.
            name: what people call `label`; this and the next two only where the model has been told.
            spoken: the answer as it is said aloud.
            route: where a thing of this label goes; null unless accepted.
            model: `name`, `version` and `fingerprint` of the model that answered.
            id: different for every answer.
            error: instead of all but `path`, for a file that is no usable picture: `code`, `message` and `hint`.
        """
        if self.prediction is not None:
            return {"path": self.path} | self.prediction.to_json()
        assert self.error is not None
        return {"path": self.path} | error_json(self.error)


def predict(
    bundle: str | Path | Model, paths: Iterable[str | Path], *, progress: Progress = silent
) -> Iterator[Answer]:
    """Answer pictures one by one, in the order in which they are named.

    Args:
        bundle: a bundle's path, or a loaded model.
        paths: files, folders (all files in them that are not hidden, sorted), glob patterns, and "-" for standard
            input, which may be a picture or a list of paths, one a line.
        progress: is told how many pictures are answered.

    Yields:
        One answer a picture; a bad file gives its error, and the rest goes on.

    Raises:
        BundleError: the bundle cannot be used.
        UsageError: no path was given, an empty one, or an address.
    """
    words = require_inputs(paths)
    return _answers(bundle if isinstance(bundle, Model) else load(bundle), words, progress)


def _answers(model: Model, words: list[str], progress: Progress) -> Iterator[Answer]:
    stream, done = _pictures(words), 0
    while batch := list(islice(stream, _BATCH)):
        results = model.predict(each.picture for each in batch)
        for each, result in zip(batch, results, strict=True):
            done += 1
            yield _answer(each, result)
        progress("predict", done, None)


class _Named(NamedTuple):
    path: str
    picture: Path | bytes
    itself: bool = True
    """Whether it was named itself, and not found in a folder."""


def _answer(named: _Named, result: Prediction | PictureError) -> Answer:
    if isinstance(result, Prediction):
        return Answer(path=named.path, prediction=result)
    if isinstance(result, NotAPicture) and named.itself and isinstance(named.picture, Path):
        result = _say_what_holds_pictures(named.picture) or result
    return Answer(path=named.path, error=result)


def _say_what_holds_pictures(path: Path) -> NotAPicture | None:
    if path.name.lower().endswith(SUFFIXES):
        kind = "a list"
    elif holds_files(path):
        kind = "an archive"
    else:
        return None
    return NotAPicture(f"This is {kind} of pictures, and no picture.", hint=_HOLDS_PICTURES)


def _pictures(words: Iterable[str]) -> Iterator[_Named]:
    for found in resolve_inputs(words):
        if isinstance(found, bytes):
            yield _Named(STANDARD_INPUT, found)
        elif is_folder(path := Path(found)):
            yield from (_Named(str(file), file, itself=False) for file in _walk(path.absolute()))
        else:
            yield _Named(str(path.absolute()), path)


def _walk(folder: Path) -> Iterator[Path]:
    """Every file in a folder, sorted, depth first; a folder that may not be looked into stands for itself."""
    waiting = [(folder, True)]
    while waiting:
        path, holds_more = waiting.pop()
        if not holds_more:
            yield path
            continue
        try:
            with os.scandir(path) as found:
                entries = sorted((entry for entry in found if not entry.name.startswith(".")), key=_name, reverse=True)
        except OSError:
            yield path
            continue
        inside = [(Path(entry.path), entry.is_dir(follow_symlinks=False)) for entry in entries]
        waiting += [(each, is_real) for each, is_real in inside if is_real or not is_folder(each)]


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name
