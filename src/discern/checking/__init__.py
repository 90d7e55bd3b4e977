"""Says what is wrong with a catalog, picture by picture, and changes nothing.

A check is a function in `checks.CHECKS`; a new one needs a name, an entry there and nothing else.
"""

from discern.checking.checks import CHECKS, count, find_faults
from discern.checking.copies import conflicted
from discern.checking.findings import Check, CheckConfig, Evidence, Finding
from discern.checking.fixes import propose_fixes

__all__ = [
    "CHECKS",
    "Check",
    "CheckConfig",
    "Evidence",
    "Finding",
    "conflicted",
    "count",
    "find_faults",
    "propose_fixes",
]
