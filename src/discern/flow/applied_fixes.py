"""Effect of the fixes that a run applied."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from discern.catalog import Catalog, Fix
from discern.flow.run import Run
from discern.training import AppliedFixes


def record_fixes(before: Catalog, after: Catalog, fixes: Sequence[Fix]) -> dict[str, Any]:
    """Return the effect of fixes on a catalog, for `run.json`."""
    original = dict(zip(before.table["path"], before.table["label"], strict=True))
    now = zip(after.table["path"], after.table["label"], strict=True)
    first = {fix.path: fix.why.partition(":")[0].partition(",")[0] for fix in reversed(fixes) if fix.action == "drop"}
    return {
        "dropped": len(before) - len(after),
        "relabelled": {path: original[path] for path, label in now if original[path] != label},
        "dropped_by": dict(Counter(check or "no reason" for check in first.values())),
        "grouped": len({fix.path for fix in fixes if fix.action == "group"}),
    }


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
    fixed = run.facts.get("fixed")
    if not fixed or "dropped_by" not in fixed:
        return []
    by = ", ".join(f"{check} {count:,}" for check, count in fixed["dropped_by"].items())
    counts = [
        f"{fixed['dropped']:,} pictures dropped" + (f" ({by})" if by else ""),
        f"{len(fixed['relabelled']):,} relabelled",
        f"{fixed['grouped']:,} put into groups",
    ]
    return [f"{run.facts['config']['fixes']['path']} was applied: {', '.join(counts)}."]
