"""Data quality checks that find duplicate images and conflicting labels."""

from collections.abc import Iterator

from discern.catalog.multi_label import REMEDY
from discern.checking.findings import CheckInput, Finding
from discern.checking.signals.duplicates import Duplicate


def exact_copy(data: CheckInput) -> Iterator[Finding]:
    """Find images with identical pixels.

    n copies are n - 1 findings.
    """
    for pair in data.duplicates:
        if pair.kind == "exact":
            differ = data.labels_conflict(pair.row, pair.other)
            remedy = "Their labels differ: look at both." if differ else "Drop one of the two."
            why = f"The same picture as {_describe_other(data, pair)}. {remedy}"
            yield _pair(data, "exact_copy", pair, why)


def near_copy(data: CheckInput) -> Iterator[Finding]:
    """Find near-duplicate images that were re-encoded, resized, cropped, rotated or mirrored.

    Each pair is one finding.
    """
    for pair in data.duplicates:
        if pair.kind == "near":
            groups_differ = data.groups.group[pair.row] != data.groups.group[pair.other]
            remedy = "Drop one, or keep both in one group" + (", which joins two groups." if groups_differ else ".")
            why = f"Nearly the same picture as {_describe_other(data, pair)}. {remedy}"
            yield _pair(data, "near_copy", pair, why)


def label_conflict(data: CheckInput) -> Iterator[Finding]:
    """Find duplicate and near-duplicate images with different class labels, unless the data set looks multi-label."""
    if data.several_labels:
        return
    for pair in data.duplicates:
        if data.labels_conflict(pair.row, pair.other):
            same = "The same picture is" if pair.kind == "exact" else "Nearly the same picture is"
            labels = f"{data.label(pair.row)} here and {data.label(pair.other)} at {data.paths[pair.other]}"
            why = f"{same} {labels}. Look at both and drop or relabel the wrong one; until then neither is evaluated."
            yield _pair(data, "label_conflict", pair, why)


def multi_label(data: CheckInput) -> Iterator[Finding]:
    """Find the images of a data set that looks multi-label which are under several labels, as one finding."""
    if found := data.several_labels:
        why = f"{found.message} {REMEDY}"
        yield Finding(check="multi_label", rows=found.rows, score=1.0, action="keep", why=why)


def _pair(data: CheckInput, check: str, pair: Duplicate, why: str) -> Finding:
    rows = (pair.row, pair.other)
    if pair.kind == "exact" and not data.labels_conflict(*rows):
        return Finding(check=check, rows=rows, score=pair.score, action="drop", why=why)
    return Finding(
        check=check,
        rows=rows,
        score=pair.score,
        action="group",
        value=data.group_names[int(data.groups.group[pair.row])],
        why=why,
    )


def _describe_other(data: CheckInput, pair: Duplicate) -> str:
    part = f", which is in the {data.parts[pair.other]} part" if data.parts_differ(pair.row, pair.other) else ""
    return f"{data.paths[pair.other]}{part}"
