"""Schema of `bundle.json`: the type, range and length of every value that a program may read or print."""

import re
import unicodedata
from typing import Any

from discern.bundle.strict_json import Check, flag, list_of, null_or, number, object_of, record, text, whole

MAX_LABELS = 32_768
"""Largest number of class labels of a model; not tuned."""

_MAX_LABEL = _MAX_NAME = 1000  # characters, as in names.csv
_MAX_VERSION = 255
_MAX_SENTENCE = 20_000
# Line breaks and escapes split a line of a table or a log; overrides of the writing direction show another label than
# a program reads. The marks and joiners that Arabic, Persian and Indic scripts need are allowed.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_SHA256 = re.compile("[0-9a-f]{64}")

_ROUNDING = 1e-9  # a mean of weighted shares may exceed 1 by that
_share = number(-_ROUNDING, 1 + _ROUNDING)
_count = whole()
_words = text(_MAX_SENTENCE)


def check_labels(labels: Any, at: str = "labels") -> None:
    """Check the class labels of a model.

    Labels that look alike are rejected: they must differ in more than Unicode normalisation or surrounding blanks.

    Raises:
        ValueError: there are none or too many, or one is empty, too long, a duplicate, or has control characters.
    """
    list_of(_check_line, MAX_LABELS)(labels, at)
    if not labels:
        raise ValueError(f"{at} must not be empty")
    seen = set()
    for place, label in enumerate(labels):
        key = unicodedata.normalize("NFC", label).strip()
        if not key:
            raise ValueError(f"{at}[{place}] is blank")
        if key in seen:
            raise ValueError(f"{at} has {label!a:.60} twice, or a label that looks the same")
        seen.add(key)


def _check_line(value: Any, at: str) -> None:
    """Check that a value is one line of text without control characters."""
    text(_MAX_LABEL)(value, at)
    if _CONTROL.search(value):
        raise ValueError(f"{at} has control characters: {value!a:.60}")


def _check_title(most: int) -> Check:
    def check(value: Any, at: str) -> None:
        text(most)(value, at)
        if not value.strip():
            raise ValueError(f"{at} is blank")

    return check


def _check_digest(value: Any, at: str) -> None:
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise ValueError(f"{at} is not a SHA-256 digest")


def _interval(low: float = float("-inf"), high: float = float("inf"), **more: Check) -> Check:
    """Create a check for a metric with its confidence interval."""
    bounds = dict.fromkeys(("value", "low", "high", "null95", "chance"), null_or(number(low, high)))
    notes = {"note": null_or(_words), "pictures": null_or(_count), "classes": null_or(_count)}
    words = dict.fromkeys(("method", "estimates"), null_or(_words))
    return record({**bounds, **notes, **words, **more}, required=("value", "low", "high"))


_SHARE, _ANY = _interval(-_ROUNDING, 1 + _ROUNDING), _interval()

_LEAK_FREE = _interval(-_ROUNDING, 1 + _ROUNDING, few_groups=object_of(_count))
_UNLIKE = _interval(-_ROUNDING, 1 + _ROUNDING, share=null_or(_share), alarm=null_or(flag))
_ACCURACY = record(
    {
        "leak_free": _LEAK_FREE,
        "naive": _SHARE,
        "given": null_or(_SHARE),
        "difference": _ANY,
        "unlike": null_or(_UNLIKE),
    },
    required=("leak_free",),
)
_ORDERED = record(
    {
        "labels": list_of(_check_line, MAX_LABELS),
        "chosen": null_or(_words),
        "constant": null_or(_words),
        **dict.fromkeys(("mae", "rmse", "kappa", "constant_mae", "gain"), _ANY),
        "within_one": _SHARE,
    }
)
_NEGATIVES = record(
    {
        **dict.fromkeys(("negatives", "tuned", "scored"), null_or(_count)),
        **dict.fromkeys(("kept", "rejected", "auroc", "accepted"), _SHARE),
    }
)
_SETS = record(
    {
        **dict.fromkeys(("asked", "threshold"), null_or(_share)),
        "basis": null_or(_words),
        "guaranteed": null_or(flag),
        "coverage": _SHARE,
        "size": _ANY,
    }
)
_SPLIT = record(
    {
        **dict.fromkeys(("method", "reason"), null_or(_words)),
        "leaks": null_or(_count),
        "unjudged": list_of(_words, MAX_LABELS),
        "pictures": object_of(_count),
    }
)
_THRESHOLD = record(
    {"t_unknown": null_or(number()), "false_rejection": null_or(_share), "false_rejection_interval": null_or(_SHARE)}
)
_METRICS = record(
    {
        "accuracy": null_or(_ACCURACY),
        "ece": null_or(_ANY),
        "baselines": null_or(object_of(_SHARE)),
        "unknown": null_or(_THRESHOLD),
        "ordered": null_or(_ORDERED),
        "gate": null_or(_NEGATIVES),
        "split": null_or(_SPLIT),
        "head": null_or(record({})),
        "conformal": null_or(_SETS),
        "learning_curve": null_or(record({"sentence": null_or(_words)})),
    }
)
_POLICY = record(
    {
        "sentence": _words,
        "basis": null_or(_words),
        "share": null_or(_share),
        "error": null_or(record({"value": null_or(_share), "high": null_or(_share)})),
        "needed": null_or(_count),
        "risk": null_or(_share),
        "floor": null_or(_share),
    },
    required=("sentence",),
)
_DATA = record(
    {
        "fingerprint": _words,
        **dict.fromkeys(("pictures", "groups", "negatives"), null_or(_count)),
        "per_class": object_of(record({"pictures": _count, "groups": _count})),
        **dict.fromkeys(("formats", "faults"), object_of(_count)),
        "aliases": object_of(list_of(_check_line, MAX_LABELS)),
    }
)
_BACKBONE = record({"size": whole(1), **dict.fromkeys(("name", "key", "pretraining", "licence"), null_or(_words))})
_CONFIG = record(
    {
        **dict.fromkeys(("at_most_wrong", "coverage"), null_or(_share)),
        "seed": number(),
        **dict.fromkeys(("head", "split"), record({})),
    }
)
_UNKNOWN = record(
    {
        **dict.fromkeys(("bytes", "negatives"), null_or(_count)),
        "false_rejection": null_or(_share),
        "score": null_or(_words),
        "threshold": null_or(number()),
    }
)
_THRESHOLDS = record(
    {
        "unknown": null_or(number()),
        **dict.fromkeys(("accept", "false_rejection", "label_set"), null_or(_share)),
    },
    closed=True,
)
_NAMES = object_of(record(dict.fromkeys(("name", "spoken", "route"), _check_line), closed=True))
_SIDE = whole(1, 4096)
_RECIPE = record(
    {
        **dict.fromkeys(("size", "resize"), _SIDE),
        **dict.fromkeys(("fit", "filter"), text(20)),
        "fill": list_of(whole(0, 255), 3),
        "white": whole(1, 65535),
    },
    required=("size", "resize", "fit", "filter", "fill"),
    closed=True,
)
_MANIFEST: dict[str, Check] = {
    "name": _check_title(_MAX_NAME),
    "version": _check_title(_MAX_VERSION),
    "labels": check_labels,
    "ordered": flag,
    "names": _NAMES,
    "recipe": _RECIPE,
    "temperature": number(0, above=True),
    "thresholds": _THRESHOLDS,
    "policy": null_or(_POLICY),
    "unknown": _UNKNOWN,
    "metrics": _METRICS,
    "data": _DATA,
    "backbone": _BACKBONE,
    "config": _CONFIG,
    "versions": object_of(text(_MAX_VERSION)),
    "members": object_of(_check_digest),
}
_REQUIRED = ("name", "labels", "recipe", "temperature", "thresholds")


def check_manifest(plain: Any) -> None:
    """Check the parsed content of `bundle.json`, before its recipe is created.

    Raises:
        ValueError: a key is missing or unknown, or a value has the wrong type, range or length; the message names it.
    """
    record(_MANIFEST, required=_REQUIRED, closed=True)(plain, "")
    if others := plain.get("names", {}).keys() - set(plain["labels"]):
        raise ValueError(f"names has {min(others)!a:.60}, which is not one of the labels")
