"""Says what is wrong with a catalog, picture by picture, and changes nothing.

A check is a function in `checks.CHECKS`; a new one needs a name, an entry there and nothing else.
"""

from discern.checking.findings import Check, CheckConfig, CheckInput, Finding
from discern.checking.fix_proposals import propose_fixes
from discern.checking.registry import CHECKS, count_findings, find_issues
from discern.checking.signals.duplicates import conflicted

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
]
