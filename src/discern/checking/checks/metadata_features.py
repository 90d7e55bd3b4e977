"""What is known of a picture beside what it shows: its size, format, camera, light, border and name."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from discern.checking.findings import CheckInput

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Least:
    """From when on a property is a finding.

    Attributes:
        share: how far it leads from chance (0) to what it could reach (1), over all classes.
        one_class: how much more often one class is recognised by it than others are taken for that class.
        sides: the same of whether a picture is of one of some classes; 1: never told.
    """

    share: float
    one_class: float
    sides: float


@dataclass(frozen=True, kw_only=True)
class MetadataFeature:
    """One property of M pictures.

    Attributes:
        name: as in "from the NAME alone".
        values: float64 [M, F]; whole numbers, one for each kind, where `kinds`.
        kinds: whether it is one of a few kinds, not a measure.
        least: how far it must lead to the label to be a finding.
        hint: the highest score of a finding.
        remedy: what to do.
        shown: float64 [M, F], of what is shown, that may explain why the property leads to the label; None: nothing.
    """

    name: str
    values: Floats
    kinds: bool = False
    least: Least
    hint: float = 1.0
    remedy: str
    shown: Floats | None = None


# What a picture shows decides its light and its border, and to a degree its size: these must lead far to be a finding.
_STORED, _SHOWN = Least(share=0.3, one_class=0.5, sides=0.5), Least(share=0.6, one_class=0.85, sides=0.85)
# No model sees names: that some classes were fetched together is told by what they share besides, or it does no harm.
_NAMED = Least(share=0.6, one_class=0.85, sides=1)


def metadata_features(evidence: CheckInput, rows: NDArray[np.int64]) -> Iterator[MetadataFeature]:
    """Give the properties of some readable rows; those in which all are alike as well."""
    table, light = evidence.catalog.table[rows], evidence.light
    width, height = (np.log(np.maximum(table[name].to_numpy(), 1)) for name in ("width", "height"))
    size = np.stack([width, height, width - height, width + height], axis=1)
    same = "Bring all pictures to one {0} in the same way, or take each class's from the same sources."
    yield MetadataFeature(name="picture's size", values=size, remedy=same.format("size and shape"), least=_SHOWN)
    for name, column in (("file format", "format"), ("colour mode", "mode")):
        yield MetadataFeature(
            name=name, values=_kinds(table[column]), kinds=True, remedy=same.format(name), least=_STORED
        )
    remedy = "Take pictures of each class with each camera."
    yield MetadataFeature(name="camera", values=_kinds(table["camera"]), kinds=True, remedy=remedy, least=_STORED)
    brightness = np.stack([light.mean, light.shade, light.lightest], axis=1)[rows].astype(np.float64)
    centre = light.centre[rows].astype(np.float64)
    tint = centre[:, :2] / np.maximum(centre.sum(axis=1, keepdims=True), 1)
    remedy = "If the light came with the occasion and not with the thing, take each class in the same light."
    yield MetadataFeature(name="brightness", values=brightness, remedy=remedy, least=_SHOWN, shown=tint)
    remedy = "If frames or backgrounds came with the source, crop them off, or take each class before the same ones."
    border = light.border[rows].astype(np.float64)
    yield MetadataFeature(name="border's colour", values=border, remedy=remedy, least=_SHOWN, shown=centre)
    names = _kinds(name_form(path, label) for path, label in zip(table["path"], table["label"], strict=True))
    remedy = "A model does not see names, but classes from different sources often differ in more: compare them."
    yield MetadataFeature(name="form of the file name", values=names, kinds=True, hint=0.3, remedy=remedy, least=_NAMED)


_WORD = re.compile(r"[^\W\d_]+")
_WORDS = re.compile(r"a(?:[\W_]*a)*")
_GIVEN = re.compile(
    r"(img|image|dsc|dscn|dscf|pxl|photo|pic|picture|screenshot|whatsapp|vid|video|frame|scan|download|unnamed|file|capture)"
)


def name_form(path: str, label: str | None) -> str:
    """Write a file's name as its form: digits as 0, words as one "a", what cameras and programs write as it is.

    The words of a name usually say what is in the picture, and the label's own name does: neither is a shortcut.
    """
    stem = PurePosixPath(path).name.rsplit(".", 1)[0].lower()
    stem = re.sub(rf"(?<![^\W_]){re.escape((label or '').lower())}(?![^\W_])", "", stem)
    plain = _WORD.sub(lambda word: f"<{word[0]}>" if _GIVEN.fullmatch(word[0]) else "a", stem)
    return re.sub(r"\d", "0", _WORDS.sub("a", plain))


def _kinds(values: Iterable[str | None]) -> Floats:
    _, place = np.unique([value or "" for value in values], return_inverse=True)
    return place.astype(np.float64)[:, None]
