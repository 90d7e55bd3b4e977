"""Findings of a run, including runs of earlier versions."""

import polars as pl

from discern.catalog import Catalog, read_fixes
from discern.checking import CHECKS, CheckInput
from discern.checking.findings_table import COLUMNS, read_findings, tabulate_findings
from discern.errors import RunError
from discern.flow.prepare import CATALOG, EDGES, FINDINGS, PROPOSALS
from discern.flow.run import Run
from discern.grouping import form_groups

# These need no more than the catalog and the pairs of copies; the others need thumbnails or predictions.
_FROM_CATALOG = (
    *("unreadable", "wrong_suffix", "incomplete", "narrow_range", "exact_copy", "near_copy", "label_conflict"),
    *("too_small", "extreme_aspect", "blurred"),
)


def load_findings(run: Run) -> tuple[Catalog, pl.DataFrame]:
    """Return the catalog of a run, with black thumbnails, and its findings.

    Runs of earlier versions have no table of findings. What the catalog shows is found again; other findings are those
    in the proposals, `fixes.csv`, which list single pictures.

    Raises:
        RunError: the run has no findings, or a file cannot be read.
    """
    needed = (CATALOG, FINDINGS) if run.path(FINDINGS).exists() else (CATALOG, EDGES, PROPOSALS)
    if not all(run.path(name).exists() for name in needed):
        raise RunError(
            f"The run at {run.folder} has no findings: it did not check pictures, or was interrupted before.",
            hint="Pass a run of `discern check` or `discern train`; --resume with --name continues an interrupted one.",
        )
    with run.reading(CATALOG) as path:
        catalog = Catalog.load_table(path)
    with run.reading(needed[1]) as path:
        if path.name == FINDINGS:
            return catalog, _of_catalog(read_findings(path), catalog)
        edges = pl.read_parquet(path).select("first", "second", "kind", "score")
    with run.reading(PROPOSALS) as path:
        proposed = [
            (fix.why.partition(":")[0], [fix.path], fix.score or 0.0, fix.action, fix.value, fix.why.partition(": ")[2])
            for fix in read_fixes(path)
            if not fix.other and fix.why.partition(":")[0] not in _FROM_CATALOG
        ]
    data = CheckInput(catalog=catalog, edges=edges, groups=form_groups(catalog, edges))
    found = [finding for check in CHECKS if check.__name__ in _FROM_CATALOG for finding in check(data)]
    others = pl.DataFrame(proposed, schema=COLUMNS, orient="row")
    return catalog, _of_catalog(pl.concat([tabulate_findings(catalog, found), others]), catalog)


def _of_catalog(findings: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    if not findings["paths"].explode().drop_nulls().is_in(catalog.table["path"].implode()).all():
        raise RunError(
            "The findings of the run are of other pictures than its catalog.", hint="Run `discern check` again."
        )
    return findings
