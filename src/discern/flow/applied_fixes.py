"""Effect of the fixes that a run applied."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from discern.catalog import Catalog, Fix
from discern.checking.drop_rules import DROPPABLE, MIN_SIDE
from discern.flow.run import Run
from discern.reporting.formatting import plural
from discern.training import AppliedFixes


def record_fixes(before: Catalog, after: Catalog, fixes: Sequence[Fix]) -> dict[str, Any]:
    """Return the effect of fixes on a catalog, as the facts of `run.json`."""
    original = dict(zip(before.table["path"], before.table["label"], strict=True))
    now = zip(after.table["path"], after.table["label"], strict=True)
    rules = {fix.path: _rule(fix) for fix in reversed(fixes) if fix.action == "drop"}
    relabelled = {path: original[path] for path, label in now if original[path] != label}
    return {
        "fixed": {"dropped": len(before) - len(after), "relabelled": relabelled},
        "fixes_applied": {
            "dropped": dict(sorted(Counter(rules.values()).items())),
            "relabelled": len(relabelled),
            "grouped": len({fix.path for fix in fixes if fix.action == "group"}),
        },
    }


def _rule(fix: Fix) -> str:
    """Return the check or rule that a fix names, or "other" for a person's own words."""
    rule = fix.why.partition(":")[0].partition(",")[0]
    return rule if rule in (*DROPPABLE, MIN_SIDE) else "other"


def applied_fixes(run: Run, catalog: Catalog) -> AppliedFixes | None:
    """Return the fixes applied in this run with the original class labels, or None."""
    if "fixed" not in run.facts:
        return None
    relabelled = run.facts["fixed"]["relabelled"]
    number = {label: index for index, label in enumerate(catalog.labels)}
    label = catalog.label_index.copy()
    for row, path in enumerate(catalog.table["path"]):
        if path in relabelled:
            label[row] = number.get(relabelled[path], -1)
    return AppliedFixes(dropped=run.facts["fixed"]["dropped"], relabelled=len(relabelled), label=label)


def describe_fixes(run: Run) -> list[str]:
    """Describe the fixes that a run applied in a sentence; runs of earlier versions do not record them in full."""
    applied = run.facts.get("fixes_applied")
    if not applied:
        return []
    by = ", ".join(f"{check} {count:,}" for check, count in applied["dropped"].items())
    counts = [
        f"{plural(sum(applied['dropped'].values()), 'picture')} dropped" + (f" ({by})" if by else ""),
        f"{applied['relabelled']:,} relabelled",
        f"{applied['grouped']:,} put into groups",
    ]
    return [f"{run.facts['config']['fixes']['path']} was applied: {', '.join(counts)}."]
