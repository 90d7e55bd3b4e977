"""Functions that tell names of classes from names of parts, sessions and views."""

import re
from collections.abc import Iterable
from typing import Literal

from discern.catalog.label_text import normalise_label
from discern.catalog.path_text import part_named

NameType = Literal["source", "view", "series", "number", "class"]


def _words_of(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words for occasions, devices, people and processing, and for sides, light and places; not tuned.
_SOURCE_WORDS = _words_of("""
    session sess date week month year monday tuesday wednesday thursday friday saturday sunday january february march
    april may june july august september october november december
    shot shots scene scenes take takes roll burst bursts seq sequence sequences video videos clip clips film films frame
    frames run runs batch batches part parts set sets subset fold folds split splits chunk shard
    cam cams camera cameras device phone sensor site sites location lab source sources target
    subject subjects person persons people patient patients user users writer speaker participant volunteer
    raw original originals orig processed preprocessed cropped crop crops resized augmented aug augmentation synthetic
    real generated edited enhanced flipped rotated mirrored color colour grayscale greyscale gray grey rgb
    segmented bw extra train val valid validation test training testing
    image images img imgs picture pictures photo photos pics data dataset datasets v version the of and
""")
_VIEW_WORDS = _words_of("""
    view views side angle angles pose poses position left right front back rear top bottom up down upper lower inside
    outside indoor indoors outdoor outdoors near far close closeup wide zoom overhead day night morning noon afternoon
    evening new old more other others misc
""")
_CLASS_STEMS = _words_of("class label category cat type grade level stage species kind model")
IMAGE_FOLDERS = _words_of("""
    image images img imgs jpegimages jpgs jpegs picture pictures photo photos pics rgb inputs data dataset
""")
ANNOTATION_FOLDERS = _words_of("""
    annotation annotations mask masks label labels labelled gt groundtruth segmentation segmentations trimap trimaps
    bbox bboxes boxes xml xmls json keypoints depth labelimages segmentationclass segmentationobject
""")
UNLABELLED_FOLDERS = _words_of("""
    unlabeled unlabelled unlabel pred predict prediction predictions submission sample samples demo example examples
""")
_WORDS = re.compile(r"[^\W\d_]+|\d+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NUMBERED = re.compile(r"(.*?[^\W\d_])(?:[\W_]*\d{1,4}|[\W_]+[^\W\d_])", re.DOTALL)
_DATE = re.compile(r"(?:19|20)\d{4}(?:\d\d)?(?:\d{6})?")
# Longer ones are keys, such as the synsets of WordNet.
_LONG_NUMBER = 6
_JOINED_PART = re.compile(r"(train|training|test|testing|val|valid|validation)(?:set|sets|data|images?|imgs?|ds)")


def folded(name: str) -> str:
    """Return a folder name for comparison: normalised, in lower case, without blanks and punctuation."""
    return "".join(_words(name))


def part_in_words(name: str) -> str | None:
    """Return the part that a word of a folder name stands for, as in `seg_train` and `1-test`, or None."""
    for word in _words(name):
        joined = _JOINED_PART.fullmatch(word)
        part = part_named(joined[1] if joined else word)
        if part:
            return part
    return None


def type_of_names(names: Iterable[str]) -> NameType:
    """Return the type that all folder names of one level have.

    "source" are sessions, dates, devices and the like; "view" are sides, light and places; "series" are names that
    differ by a number; "number" are numbers and letters, which may be anything; and "class" is the rest.

    >>> [type_of_names([f"{word} 1", f"{word} 2"]) for word in ("day", "session", "apple", "c", "class")]
    ['view', 'source', 'series', 'number', 'class']
    """
    names = list(names)
    words = [_words(name) for name in names]
    if all(_is_number(each) for each in words):
        return "number"
    if all(_consists_of(each, _VIEW_WORDS) and _VIEW_WORDS & {*each} for each in words):
        return "view"
    if all(_consists_of(each, _SOURCE_WORDS | _VIEW_WORDS) for each in words):
        return "source"
    numbered = [_NUMBERED.fullmatch(normalise_label(name).lower()) for name in names]
    stems = {found[1] for found in numbered if found}
    return "series" if None not in numbered and len(stems) == 1 < len(names) and not stems & _CLASS_STEMS else "class"


def _is_number(words: list[str]) -> bool:
    return bool(words) and len("".join(words)) < _LONG_NUMBER and all(map(_is_short, words))


def _consists_of(words: list[str], allowed: frozenset[str]) -> bool:
    return bool(words) and all(word in allowed or _is_short(word) or _DATE.fullmatch(word) for word in words)


def _is_short(word: str) -> bool:
    """Return True for a letter or a short number; in some scripts, one character is a word."""
    return word.isascii() and (len(word) == 1 or (word.isdigit() and len(word) < _LONG_NUMBER))


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(_CAMEL.sub(" ", normalise_label(name)))]
