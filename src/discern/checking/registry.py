"""Registry of the data quality checks, and the function that runs them."""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from discern.checking.checks.classes import imbalance, similar_labels, small_class
from discern.checking.checks.files import incomplete, narrow_range, unreadable, wrong_suffix
from discern.checking.checks.image_quality import blank, blurred, bright, dark, extreme_aspect, too_small
from discern.checking.checks.labels import likely_wrong_label, odd_one_out
from discern.checking.checks.leaks import large_group, part_leak, undeclared_film
from discern.checking.checks.pairs import exact_copy, label_conflict, multi_label, near_copy
from discern.checking.checks.shortcuts import shortcut
from discern.checking.checks.tiles import overlap
from discern.checking.findings import Check, CheckConfig, CheckInput, Finding

if TYPE_CHECKING:
    import polars as pl

    from discern.catalog import Catalog
    from discern.grouping import Groups
    from discern.heads import OutOfFoldPredictions

CHECKS: tuple[Check, ...] = (
    unreadable,
    wrong_suffix,
    incomplete,
    narrow_range,
    exact_copy,
    near_copy,
    overlap,
    label_conflict,
    multi_label,
    similar_labels,
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
"""All checks, in the order of their findings."""


def find_issues(
    catalog: "Catalog",
    edges: "pl.DataFrame",
    groups: "Groups",
    *,
    predictions: "OutOfFoldPredictions | None" = None,
    config: CheckConfig | None = None,
) -> list[Finding]:
    """Run all data quality checks on a catalog.

    Args:
        catalog: N pictures; not changed.
        edges: result of `find_edges`.
        groups: result of `form_groups`.
        predictions: out-of-fold predictions of all pictures; None: labels and outliers are not checked.
        config: thresholds of the checks.

    Returns:
        Findings in the order of `CHECKS`, then by path.
    """
    data = CheckInput(
        catalog=catalog, edges=edges, groups=groups, predictions=predictions, config=config or CheckConfig()
    )
    paths = data.paths
    return [
        finding
        for check in CHECKS
        for finding in sorted(check(data), key=lambda finding: [paths[row] for row in finding.rows])
    ]


def count_findings(findings: Iterable[Finding]) -> dict[str, int]:
    """Count the findings of each data quality check, including zeros.

    A finding of copies or label conflicts is a pair, and a row of fixes.csv: four exact copies count 3. A pair counts
    in every check that found it: a picture under two labels is an exact copy and a label conflict.
    """
    found = Counter(finding.check for finding in findings)
    return {check.__name__: found[check.__name__] for check in CHECKS}
