"""Functions that write a fixes.csv by rule from the findings of a run (`discern fix`)."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from discern.catalog import Catalog, Fix, read_fixes, write_fixes
from discern.catalog.fixes import format_fixes
from discern.checking.drop_rules import DropRules, Drops, choose_drops, describe_emptied
from discern.display.displayed import Displayed
from discern.errors import FixesError, UsageError
from discern.flow.paths import is_folder, resolve_output
from discern.flow.prepare import PROPOSALS
from discern.flow.run import Run
from discern.flow.run_findings import load_findings
from discern.reporting.formatting import plural

BY_RULE = "fixes_by_rule.csv"


@dataclass(frozen=True, kw_only=True, repr=False)
class FixResult(Displayed):
    """Result of `discern.fix`, with the file and the number of its rows.

    Attributes:
        fixes: path of the file.
        rows: number of rows of each rule, zeros included; a picture that several rules find is one row, of the first.
        classes: number of pictures that the rules drop, by label.
        pictures: number of files in the catalog of the run.
        conflicts: number of pairs of copies that stay because their labels differ.
        carried: number of rows that the run had applied before and that the file repeats.
        notes: sentences about classes that lose all pictures or all but one, and about what the rules leave.
    """

    fixes: Path
    rows: dict[str, int]
    classes: dict[str, int]
    pictures: int
    conflicts: int
    carried: int
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON-serialisable dictionary with an absolute path.

        Keys:
            fixes: path of the file.
            rows: number of rows of each rule, zeros included; a picture that several rules find is one row, of the
                first.
            classes: number of pictures that the rules drop, by label.
            pictures: number of files in the catalog of the run.
            conflicts: number of pairs of copies that stay because their labels differ.
            carried: number of rows that the run had applied before and that the file repeats.
            notes: sentences about classes that lose all pictures or all but one, and about what the rules leave.
        """
        return {
            "fixes": str(self.fixes),
            "rows": self.rows,
            "classes": self.classes,
            "pictures": self.pictures,
            "conflicts": self.conflicts,
            "carried": self.carried,
            "notes": list(self.notes),
        }


def fix(
    run: str | Path,
    *,
    drop: str | Sequence[str] = (),
    min_side: int | None = None,
    keep_first: bool = False,
    out: str | Path | None = None,
    overwrite: bool = False,
) -> FixResult:
    """Write a fixes.csv by rule from the findings of a run.

    Nothing else is changed. The file can be edited, and applied with `fixes` of `check`, `split` and `train`. The fixes
    that the run itself had applied are repeated in it.

    Args:
        run: folder of a run of `check`, `split` or `train`.
        drop: name or names of checks whose pictures are dropped. Of copies under one label, one stays: with a label, in
            the given test part, in the given validation part, of the most pixels, first by path; in this order. Copies
            under different labels stay, and are counted, unless `label_conflict` drops all of them.
        min_side: drop pictures whose shorter side has fewer pixels; None for any size.
        keep_first: of copies, keep the first by path, whatever its part and size.
        out: path of the file; None for `fixes_by_rule.csv` in the run folder.
        overwrite: replace an existing file of fixes; not the proposals of a run.

    Raises:
        UsageError: there is no rule, a check is unknown or is not about single pictures, or the file exists.
        RunError: the folder is not a run with findings.
        FixesError: the file cannot be written, or the fixes of the run have changed.
    """
    rules = DropRules(
        checks=(drop,) if isinstance(drop, str) else tuple(drop), min_side=min_side, keep_first=keep_first
    )
    opened = Run.open(run)
    catalog, findings = load_findings(opened)
    carried = _carried(opened)
    drops = choose_drops(catalog, findings, rules)
    target = opened.path(BY_RULE) if out is None else resolve_output(out)
    _write(target, [*carried, *drops.fixes], overwrite=overwrite, source=Path(opened.facts["source"]))
    label = dict(zip(catalog.table["path"], catalog.table["label"], strict=True))
    classes = Counter(name for each in drops.fixes if (name := label[each.path]) is not None)
    return FixResult(
        fixes=target,
        rows=drops.rows,
        classes=dict(sorted(classes.items())),
        pictures=len(catalog),
        conflicts=drops.conflicts,
        carried=len(carried),
        notes=tuple(_notes(catalog, drops, carried)),
    )


def _notes(catalog: Catalog, drops: Drops, carried: Sequence[Fix]) -> list[str]:
    notes = describe_emptied(catalog, [each.path for each in drops.fixes])
    if drops.conflicts:
        notes.append(
            f"Not dropped, as a rule cannot know which label is right: {plural(drops.conflicts, 'pair')} of copies "
            "under different labels. Look at them in the report, or drop all of them with --drop label_conflict."
        )
    if carried:
        notes.append(f"The file repeats {plural(len(carried), 'row')} of the fixes that the run had applied.")
    return notes


def _carried(run: Run) -> list[Fix]:
    """Return the fixes that a run had applied, but for those that change nothing."""
    applied = run.facts["config"].get("fixes")
    if applied is None:
        return []
    path = Path(applied["path"])
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != applied["sha256"]:
        raise FixesError(
            f"The run had applied {path}, which has changed since or is missing.",
            hint="Run `discern check` again, with the fixes that shall be applied.",
        )
    return [each for each in read_fixes(path) if each.action != "keep"]


def _write(path: Path, fixes: Sequence[Fix], *, overwrite: bool, source: Path) -> None:
    if is_folder(path) or not is_folder(path.parent):
        raise UsageError(f"There cannot be a file at {path}.", hint="Pass a file in an existing folder with --out.")
    if path.name == PROPOSALS and (path.parent / "run.json").exists():
        raise UsageError(f"{path} holds the proposals of a run, which stay.", hint="Choose another file with --out.")
    if is_folder(source) and path.resolve().is_relative_to(source.resolve()):
        raise UsageError(
            f"{path} is inside the pictures, which stay as they are.", hint="Choose another folder with --out."
        )
    if path.exists():
        if path.read_bytes() == format_fixes(fixes):
            return
        if not overwrite:
            raise UsageError(
                f"There is already a file at {path}, which may have been edited.",
                hint="Choose another one with --out, or replace it with --overwrite.",
            )
        read_fixes(path)
    write_fixes(path, fixes)
