"""From findings to the rows of fixes.csv that a person may edit and apply."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from discern.catalog import Fix
from discern.checking.findings import Finding

if TYPE_CHECKING:
    from discern.catalog import Catalog

_OF_ONE_PICTURE = (
    "unreadable",
    "wrong_suffix",
    "likely_wrong_label",
    "odd_one_out",
    "too_small",
    "extreme_aspect",
    "blank",
    "dark",
    "bright",
    "blurred",
)
_OF_A_PAIR = ("label_conflict", "exact_copy", "near_copy")


def propose_fixes(catalog: "Catalog", findings: Iterable[Finding]) -> list[Fix]:
    """What a person could do about the findings, picture by picture; nothing is changed.

    Each pair of copies is one row, a `drop` of exact copies or a `group`, with the other picture named; a pair under
    two labels is told as `label_conflict` and never dropped or relabelled unasked. A picture has a row for each check
    that found it. What is about many pictures at once, such as leaks, small classes and shortcuts, is told by the
    findings and the page.

    Args:
        catalog: of the findings' rows.
        findings: of `find_faults`.

    Returns:
        Fixes sorted by path, each with a `why` that begins with the check's name and a colon.
    """
    paths = catalog.table["path"]
    proposed: dict[tuple[str | int, ...], Finding] = {}
    for finding in findings:
        if finding.check in _OF_ONE_PICTURE and len(finding.rows) == 1:
            proposed[finding.check, *finding.rows] = finding
        elif finding.check in _OF_A_PAIR:
            before = proposed.setdefault(finding.rows, finding)
            if _OF_A_PAIR.index(finding.check) < _OF_A_PAIR.index(before.check):
                proposed[finding.rows] = finding
    fixes = [
        Fix(
            path=paths[finding.rows[0]],
            action=finding.action,
            value=finding.value,
            other=paths[finding.rows[1]] if len(finding.rows) > 1 else "",
            score=round(finding.score, 4),
            why=f"{finding.check}: {finding.why}",
        )
        for finding in proposed.values()
    ]
    return sorted(fixes, key=lambda fix: (fix.path, fix.other, fix.why))
