"""`discern predict`: answers to pictures named in every usual way."""

import glob
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from discern.bundle import Model, Prediction, load
from discern.errors import DiscernError, PictureError, UsageError
from discern.flow.places import is_folder
from discern.picture import read_header
from discern.progress import Progress, silent

_BATCH = 32
STANDARD_INPUT = "-"


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
        error = self.error
        return {"path": self.path, "error": {"code": error.code, "message": error.message, "hint": error.hint}}


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
        UsageError: no path was given, or an empty one.
    """
    model = bundle if isinstance(bundle, Model) else load(bundle)
    named = [str(path) for path in paths]
    if "" in named:
        raise UsageError("'' is no path.", hint="Name a file or a folder.")
    if not named:
        raise UsageError(
            "There is no picture to answer.", hint="Name files, folders or patterns, or - for standard input."
        )
    return _answers(model, named, progress)


def _answers(model: Model, paths: list[str], progress: Progress) -> Iterator[Answer]:
    stream, done = _expand(paths), 0
    while batch := list(islice(stream, _BATCH)):
        results = model.predict(source for _, source in batch)
        for (path, _), result in zip(batch, results, strict=True):
            done += 1
            yield _answer(path, result)
        progress("predict", done, None)


def _answer(path: str, result: Prediction | PictureError) -> Answer:
    if isinstance(result, PictureError):
        return Answer(path=path, error=result)
    return Answer(path=path, prediction=result)


def _expand(paths: Iterable[str]) -> Iterator[tuple[str, Path | bytes]]:
    for name in paths:
        if name == STANDARD_INPUT:
            yield from _standard_input()
        else:
            yield from _files(os.path.expanduser(name))  # noqa: PTH111 - pathlib fails on a user unknown


def _files(name: str) -> Iterator[tuple[str, Path]]:
    path = Path(name)
    if is_folder(path):
        yield from ((str(file), file) for file in _walk(path.absolute()))
    elif found := _matches(name):
        for each in found:
            yield from _files(each)
    else:
        yield str(path.absolute()), path


def _matches(name: str) -> list[str]:
    """What a pattern stands for; a name that there is stands for itself."""
    if "\0" in name or os.path.lexists(name):
        return []
    return sorted(glob.glob(name, recursive=True))  # noqa: PTH207 - may be absolute


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


def _standard_input() -> Iterator[tuple[str, Path | bytes]]:
    if sys.stdin is None:
        raise UsageError("Standard input is closed.", hint="Pipe a picture into it, or a list of paths.")
    data = sys.stdin.buffer.read()
    if _is_list(data):
        for line in data.splitlines():
            if line.strip():
                yield from _files(os.fsdecode(line))
    else:
        yield STANDARD_INPUT, data


def _is_list(data: bytes) -> bool:
    """Whether it is text that may name files: no picture of any format, however damaged, is without a zero byte."""
    try:
        read_header(data)
    except PictureError:
        return b"\0" not in data
    return False
