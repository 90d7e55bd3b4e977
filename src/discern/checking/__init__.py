"""Data quality checks that find problems in a catalog and propose fixes.

A check is a function in `registry.CHECKS`; its name is its id. To add one, list it there, in `fix_proposals` if it
proposes a fix, and describe it in `reporting.sections.check_descriptions`.
"""

from discern.checking.findings import Check, CheckConfig, CheckInput, Finding
from discern.checking.fix_proposals import propose_fixes
from discern.checking.registry import CHECKS, count_findings, find_issues
from discern.checking.signals.duplicates import conflicted
from discern.checking.signals.several_labels import require_single_labels

__all__ = [
    "CHECKS",
    "Check",
    "CheckConfig",
    "CheckInput",
    "Finding",
    "conflicted",
    "count_findings",
    "find_issues",
    "propose_fixes",
    "require_single_labels",
]
