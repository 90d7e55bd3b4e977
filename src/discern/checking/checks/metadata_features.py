"""Functions that compute metadata features of images, such as size, camera and file name."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from discern.checking.findings import CheckInput

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class LeakThresholds:
    """Thresholds above which label leakage by one feature is reported.

    Attributes:
        skill: balanced accuracy over all classes, scaled from chance (0) to the best possible with the feature (1).
        one_class: true positive rate of one class minus its false positive rate.
        partition: the same for a set of classes; 1: never a finding.
    """

    skill: float
    one_class: float
    partition: float


@dataclass(frozen=True, kw_only=True)
class MetadataFeature:
    """Values of one metadata feature of images, with its reporting thresholds.

    Attributes:
        name: as in "from the NAME alone".
        values: float64 [M, F]; integer codes if `categorical`.
        categorical: the feature has categories, not measured values.
        thresholds: from which the feature is a finding.
        highest_score: highest score of a finding.
        remedy: sentences.
        content: float64 [M, F], features of the content that may explain the feature; None: nothing explains it.
    """

    name: str
    values: Floats
    categorical: bool = False
    thresholds: LeakThresholds
    highest_score: float = 1.0
    remedy: str
    content: Floats | None = None


# Thresholds were chosen with benchmarks/issue_detection.py, shortcuts planted in its `TUNED_ON` packs. The content
# determines the brightness and the border, and to a degree the size: these need a higher threshold than the file's own
# properties.
_FILE = LeakThresholds(skill=0.3, one_class=0.5, partition=0.5)
_CONTENT = LeakThresholds(skill=0.6, one_class=0.85, partition=0.85)
# No model sees file names: a common source of some classes matters only if another feature shows it.
_NAME = LeakThresholds(skill=0.6, one_class=0.85, partition=1)


def metadata_features(data: CheckInput, rows: NDArray[np.int64]) -> Iterator[MetadataFeature]:
    """Compute all metadata features of readable images, including constant ones."""
    table, exposure = data.catalog.table[rows], data.exposure
    width, height = (np.log(np.maximum(table[name].to_numpy(), 1)) for name in ("width", "height"))
    size = np.stack([width, height, width - height, width + height], axis=1)
    same = "Convert all pictures to one {0} in the same way, or take every class from the same sources."
    yield MetadataFeature(name="picture's size", values=size, remedy=same.format("size and shape"), thresholds=_CONTENT)
    for name, column in (("file format", "format"), ("colour mode", "mode")):
        yield MetadataFeature(
            name=name, values=_codes(table[column]), categorical=True, remedy=same.format(name), thresholds=_FILE
        )
    remedy = "Take pictures of every class with every camera."
    yield MetadataFeature(
        name="camera", values=_codes(table["camera"]), categorical=True, remedy=remedy, thresholds=_FILE
    )
    brightness = np.stack([exposure.mean, exposure.percentile_5, exposure.lightest], axis=1)[rows].astype(np.float64)
    centre = exposure.centre[rows].astype(np.float64)
    tint = centre[:, :2] / np.maximum(centre.sum(axis=1, keepdims=True), 1)
    remedy = "If the brightness depends on the occasion and not on the object, take every class in the same light."
    yield MetadataFeature(name="brightness", values=brightness, remedy=remedy, thresholds=_CONTENT, content=tint)
    remedy = (
        "If borders or backgrounds depend on the source, crop them off, or take every class in front of the same ones."
    )
    border = exposure.border[rows].astype(np.float64)
    yield MetadataFeature(name="border's colour", values=border, remedy=remedy, thresholds=_CONTENT, content=centre)
    names = _codes(name_form(path, label) for path, label in zip(table["path"], table["label"], strict=True))
    remedy = (
        "A model does not see file names, but classes from different sources often differ in other ways: compare them."
    )
    yield MetadataFeature(
        name="form of the file name", values=names, categorical=True, highest_score=0.3, remedy=remedy, thresholds=_NAME
    )


_WORD = re.compile(r"[^\W\d_]+")
_WORDS = re.compile(r"a(?:[\W_]*a)*")
_CAMERA_WORD = re.compile(
    r"(img|image|dsc|dscn|dscf|pxl|photo|pic|picture|screenshot|whatsapp|vid|video|frame|scan|download|unnamed|file|capture)"
)


def name_form(path: str, label: str | None) -> str:
    """Replace the variable parts of a file name to obtain its general pattern.

    Digits become 0 and words "a"; words that cameras and programs write are kept. Other words usually name the content,
    as the label itself does: neither is a shortcut.
    """
    stem = PurePosixPath(path).name.rsplit(".", 1)[0].lower()
    stem = re.sub(rf"(?<![^\W_]){re.escape((label or '').lower())}(?![^\W_])", "", stem)
    plain = _WORD.sub(lambda word: f"<{word[0]}>" if _CAMERA_WORD.fullmatch(word[0]) else "a", stem)
    return re.sub(r"\d", "0", _WORDS.sub("a", plain))


def _codes(values: Iterable[str | None]) -> Floats:
    """Encode categories as a column of integers."""
    _, place = np.unique([value or "" for value in values], return_inverse=True)
    return place.astype(np.float64)[:, None]
