"""All checks in one place: what is looked for, and in which order it is told."""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from discern.checking.checks.classes import imbalance, small_class
from discern.checking.checks.files import unreadable, wrong_suffix
from discern.checking.checks.image_quality import blank, blurred, bright, dark, extreme_aspect, too_small
from discern.checking.checks.labels import likely_wrong_label, odd_one_out
from discern.checking.checks.leaks import large_group, part_leak, undeclared_film
from discern.checking.checks.pairs import exact_copy, label_conflict, near_copy
from discern.checking.checks.shortcuts import shortcut
from discern.checking.findings import Check, CheckConfig, CheckInput, Finding

if TYPE_CHECKING:
    import polars as pl

    from discern.catalog import Catalog
    from discern.grouping import Groups
    from discern.heads import OutOfFoldPredictions

CHECKS: tuple[Check, ...] = (
    unreadable,
    wrong_suffix,
    exact_copy,
    near_copy,
    label_conflict,
    likely_wrong_label,
    odd_one_out,
    part_leak,
    undeclared_film,
    large_group,
    small_class,
    imbalance,
    shortcut,
    too_small,
    extreme_aspect,
    blank,
    dark,
    bright,
    blurred,
)
"""All checks, in the order in which their findings are told."""


def find_issues(
    catalog: "Catalog",
    edges: "pl.DataFrame",
    groups: "Groups",
    *,
    opinions: "OutOfFoldPredictions | None" = None,
    config: CheckConfig | None = None,
) -> list[Finding]:
    """Everything that the checks find, in the order of `CHECKS`, then by path.

    Args:
        catalog: N pictures; only looked at.
        edges: as `find_edges` gives them.
        groups: as `form_groups` gives them.
        opinions: what heads that had not learned a picture say to it; None: no label is doubted.
        config: from when on something is a finding.
    """
    evidence = CheckInput(
        catalog=catalog, edges=edges, groups=groups, opinions=opinions, config=config or CheckConfig()
    )
    paths = evidence.paths
    return [
        finding
        for check in CHECKS
        for finding in sorted(check(evidence), key=lambda found: [paths[row] for row in found.rows])
    ]


def count_findings(findings: Iterable[Finding]) -> dict[str, int]:
    """How many findings each check has; every check is there, also those that found nothing.

    For copies and label conflicts a finding is a pair, and so a row of fixes.csv: four exact copies count 3. A pair
    counts in each check that it answers to: a picture under two labels is an exact copy and a label conflict.
    """
    found = Counter(finding.check for finding in findings)
    return {check.__name__: found[check.__name__] for check in CHECKS}
