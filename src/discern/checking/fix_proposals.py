"""Functions that propose fixes for the findings of data quality checks."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from discern.catalog import Fix
from discern.checking.findings import Finding

if TYPE_CHECKING:
    from discern.catalog import Catalog

SINGLE_PICTURE_CHECKS = (
    "unreadable",
    "wrong_suffix",
    "incomplete",
    "narrow_range",
    "likely_wrong_label",
    "odd_one_out",
    "too_small",
    "extreme_aspect",
    "blank",
    "dark",
    "bright",
    "blurred",
)
PAIR_CHECKS = ("label_conflict", "exact_copy", "near_copy")


def propose_fixes(catalog: "Catalog", findings: Iterable[Finding]) -> list[Fix]:
    """Propose fixes for findings about single images and pairs of images.

    Each pair of copies is one row, a `drop` of exact copies or a `group`, with the path of the other picture. A pair
    under two labels is a `label_conflict`, which proposes neither a drop nor a new label. A picture has a row for each
    check that found it. Findings about many pictures, such as leaks, small classes and shortcuts, have no row.

    Args:
        catalog: the catalog of the findings' rows; not changed.
        findings: result of `find_issues`.

    Returns:
        Fixes sorted by path, each with a `why` that begins with the check's name and a colon.
    """
    paths = catalog.table["path"]
    proposed: dict[tuple[str | int, ...], Finding] = {}
    for finding in findings:
        if finding.check in SINGLE_PICTURE_CHECKS and len(finding.rows) == 1:
            proposed[finding.check, *finding.rows] = finding
        elif finding.check in PAIR_CHECKS:
            earlier = proposed.setdefault(finding.rows, finding)
            if PAIR_CHECKS.index(finding.check) < PAIR_CHECKS.index(earlier.check):
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
