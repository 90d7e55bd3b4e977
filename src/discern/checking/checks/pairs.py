"""Checks of pairs: one picture twice, nearly twice, or under two labels."""

from collections.abc import Iterator

from discern.checking.findings import CheckInput, Finding
from discern.checking.signals.duplicates import Duplicate


def exact_copy(evidence: CheckInput) -> Iterator[Finding]:
    """Pictures that show the same pixels; n copies are n - 1 findings."""
    for pair in evidence.copies:
        if pair.kind == "exact":
            differ = evidence.conflict(pair.row, pair.other)
            remedy = "Their labels differ: look at both." if differ else "Drop one of the two."
            why = f"The same picture as {_place(evidence, pair)}. {remedy}"
            yield _pair(evidence, "exact_copy", pair, why)


def near_copy(evidence: CheckInput) -> Iterator[Finding]:
    """Pictures that are one picture re-encoded, resized, cropped, turned or mirrored; one finding for each pair."""
    for pair in evidence.copies:
        if pair.kind == "near":
            apart = evidence.groups.group[pair.row] != evidence.groups.group[pair.other]
            remedy = "Drop one, or keep both in one group" + (", which joins two groups." if apart else ".")
            why = f"Nearly the same picture as {_place(evidence, pair)}. {remedy}"
            yield _pair(evidence, "near_copy", pair, why)


def label_conflict(evidence: CheckInput) -> Iterator[Finding]:
    """One picture, or two near copies, under two labels."""
    for pair in evidence.copies:
        if evidence.conflict(pair.row, pair.other):
            same = "The same picture is" if pair.kind == "exact" else "Nearly the same picture is"
            labels = f"{evidence.label(pair.row)} here and {evidence.label(pair.other)} at {evidence.paths[pair.other]}"
            why = f"{same} {labels}. Look at both and drop or relabel the wrong one; until then neither is judged."
            yield _pair(evidence, "label_conflict", pair, why)


def _pair(evidence: CheckInput, check: str, pair: Duplicate, why: str) -> Finding:
    rows = (pair.row, pair.other)
    if pair.kind == "exact" and not evidence.conflict(*rows):
        return Finding(check=check, rows=rows, score=pair.score, action="drop", why=why)
    return Finding(
        check=check,
        rows=rows,
        score=pair.score,
        action="group",
        value=evidence.group_names[int(evidence.groups.group[pair.row])],
        why=why,
    )


def _place(evidence: CheckInput, pair: Duplicate) -> str:
    part = f", which is in the {evidence.parts[pair.other]} part" if evidence.across(pair.row, pair.other) else ""
    return f"{evidence.paths[pair.other]}{part}"
