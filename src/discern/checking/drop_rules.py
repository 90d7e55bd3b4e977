"""Rules that choose pictures to drop from the findings of a run."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from discern.catalog import Fix
from discern.catalog.label_text import show_label
from discern.checking.check_names import unknown_check
from discern.checking.fix_proposals import SINGLE_PICTURE_CHECKS
from discern.errors import UsageError
from discern.grouping.groups import merge_groups

if TYPE_CHECKING:
    from discern.catalog import Catalog

COPIES = ("exact_copy", "near_copy")
CONFLICT = "label_conflict"
MIN_SIDE = "min_side"
DROPPABLE = (*SINGLE_PICTURE_CHECKS, *COPIES, CONFLICT)
_PART_ORDER = {"test": 0, "validation": 1}
_ABOUT_MANY = {
    "similar_labels": "is about classes whose names are alike; relabel their pictures instead",
    "multi_label": "is about a data set whose pictures have several labels each, which drops do not remedy",
    "part_leak": "is about the given parts; train leaves leaking pictures out by itself",
    "overlap": "is about tiles, whose sources a split keeps together; declare their groups instead",
    "undeclared_film": "is about films, whose frames a split keeps together; declare their groups instead",
    "large_group": "is about whole groups of pictures, which a split keeps together",
    "small_class": "is about classes that need more pictures, not fewer",
    "imbalance": "is about classes that need more pictures, not fewer",
    "shortcut": "is about a property of whole classes",
}


@dataclass(frozen=True, kw_only=True)
class DropRules:
    """Rules that choose pictures to drop.

    Of copies under one label, and of copies without one, the first in this order stays: with a label, in the given test
    part, in the given validation part, of the most pixels, first by path. With `keep_first` it is: with a label, first
    by path. Copies under different labels stay, as a rule cannot know which label is right.

    Attributes:
        checks: names of checks whose pictures are dropped.
        min_side: smallest number of pixels of the shorter side; None for any.
        keep_first: of copies, keep the first by path.

    Raises:
        UsageError: a check is unknown or is not about single pictures, or there is no rule.
    """

    checks: tuple[str, ...] = ()
    min_side: int | None = None
    keep_first: bool = False

    def __post_init__(self) -> None:
        for check in self.checks:
            _require_droppable(check)
        if self.min_side is not None and self.min_side < 1:
            raise UsageError(f"Invalid smallest side: {self.min_side}.", hint="Pass a number of pixels, such as 64.")
        if not self.checks and self.min_side is None:
            raise UsageError(
                "There is no rule.", hint=f"Pass --drop with one of {', '.join(DROPPABLE)}, or --min-side."
            )
        if self.keep_first and not set(self.checks) & set(COPIES):
            raise UsageError(
                "--keep-first chooses among copies, and no rule drops them.", hint=f"Add --drop {','.join(COPIES)}."
            )

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the rules: those of the checks, each once, and `min_side`."""
        return (*dict.fromkeys(self.checks), *([] if self.min_side is None else [MIN_SIDE]))


@dataclass(frozen=True, kw_only=True)
class Drops:
    """Pictures to drop, each once.

    Attributes:
        fixes: one `drop` for each picture, sorted by path.
        rows: number of fixes of each rule; a picture that several rules find counts for the first.
        conflicts: number of pairs of copies that stay because their labels differ.
    """

    fixes: tuple[Fix, ...]
    rows: dict[str, int]
    conflicts: int


def choose_drops(catalog: "Catalog", findings: pl.DataFrame, rules: DropRules) -> Drops:
    """Choose the pictures of a catalog to drop by rules.

    Copies are chosen last, among the pictures that the other rules leave: each dropped copy has one that stays.

    Args:
        catalog: the catalog that was checked.
        findings: the findings, as of `tabulate_findings`.
        rules: the rules.
    """
    position = {path: row for row, path in enumerate(catalog.table["path"])}
    found: dict[str, list[list[int]]] = defaultdict(list)
    reasons: dict[tuple[str, int], str] = {}
    for check, paths, why in findings.select("check", "paths", "why").iter_rows():
        rows = [position[path] for path in paths]
        found[check].append(rows)
        reasons |= {(check, row): why for row in rows}
    copies = _Copies(catalog, found, rules)
    matched: dict[int, list[str]] = defaultdict(list)
    for rule in rules.names:
        for row in _rows_of_rule(catalog, rule, copies, found, rules):
            matched[row].append(rule)
    chosen = {}
    for row, names in matched.items():
        why = reasons.get((names[0], row)) or _describe_match(catalog, row, names[0], rules)
        chosen[row] = _Choice(rules=tuple(names), why=why)
    chosen |= copies.choose(set(chosen))
    counts = Counter(choice.rules[0] for choice in chosen.values())
    paths = catalog.table["path"]
    fixes = [
        Fix(path=paths[row], action="drop", other=choice.other, why=f"{', '.join(choice.rules)}: {choice.why}")
        for row, choice in sorted(chosen.items(), key=lambda item: paths[item[0]])
    ]
    return Drops(
        fixes=tuple(fixes),
        rows={rule: counts[rule] for rule in rules.names},
        conflicts=copies.count_conflicts(set(chosen)),
    )


@dataclass(frozen=True, kw_only=True)
class _Choice:
    """Picture to drop, with the rules that it breaks and the path of the copy that stays."""

    rules: tuple[str, ...]
    why: str
    other: str = ""


class _Copies:
    """Exact and near copies of a catalog, and the choice of those that stay."""

    def __init__(self, catalog: "Catalog", found: dict[str, list[list[int]]], rules: DropRules) -> None:
        columns = catalog.table.select("path", "part", "width", "height")
        self._facts, self._label = columns.rows(), catalog.table["label"].to_list()
        self._rules = rules
        # Pictures with equal pixels share a node; near copies are links between nodes.
        exact = np.array(found["exact_copy"], np.int64).reshape(-1, 2)
        self._node: list[int] = merge_groups(len(catalog), exact).tolist()
        self._near: dict[int, set[int]] = defaultdict(set)
        for first, second in found["near_copy"]:
            self._near[self._node[first]].add(self._node[second])
            self._near[self._node[second]].add(self._node[first])
        self._every_pair = [pair for check in COPIES for pair in found[check]]
        self._pairs = [pair for check in COPIES if check in rules.checks for pair in found[check]]

    def choose(self, gone: set[int]) -> dict[int, _Choice]:
        """Choose the copies to drop, given the pictures that other rules drop."""
        kept: dict[int, list[int]] = defaultdict(list)
        chosen = {}
        for row in sorted({row for pair in self._pairs for row in pair} - gone, key=self._rank):
            check, stays = self._find_kept(row, kept)
            if stays is None:
                kept[self._node[row]].append(row)
                continue
            path, same = self._facts[stays][0], "the same" if check == "exact_copy" else "nearly the same"
            chosen[row] = _Choice(rules=(check,), why=f"It is {same} picture as {path}, which stays.", other=path)
        return chosen

    def conflicting(self) -> set[int]:
        """Return the copies under different labels, and all their exact copies."""
        nodes = {self._node[row] for pair in self._every_pair if self._differ(*pair) for row in pair}
        return {row for row, node in enumerate(self._node) if node in nodes}

    def count_conflicts(self, gone: set[int]) -> int:
        """Count the pairs of copies under different labels that both stay."""
        return sum(self._differ(*pair) and not gone & set(pair) for pair in self._pairs)

    def _find_kept(self, row: int, kept: dict[int, list[int]]) -> tuple[str, int | None]:
        """Return a copy of a picture that stays, and the check that found it."""
        node = self._node[row]
        for check, nodes in zip(COPIES, ([node], sorted(self._near[node])), strict=True):
            if check in self._rules.checks:
                for other in (other for each in nodes for other in kept[each]):
                    if not self._differ(row, other):
                        return check, other
        return "", None

    def _differ(self, row: int, other: int) -> bool:
        return len({self._label[row], self._label[other]} - {None}) == 2

    def _rank(self, row: int) -> tuple[bool, int, int, str]:
        path, part, width, height = self._facts[row]
        unlabelled = self._label[row] is None
        if self._rules.keep_first:
            return unlabelled, 0, 0, path
        return unlabelled, _PART_ORDER.get(part or "", 2), -width * height, path


def _rows_of_rule(
    catalog: "Catalog", rule: str, copies: _Copies, found: dict[str, list[list[int]]], rules: DropRules
) -> Iterable[int]:
    if rule == MIN_SIDE:
        sides = catalog.table.select(pl.min_horizontal("width", "height"))["width"].fill_null(0).to_numpy()
        return np.flatnonzero(catalog.readable & (sides < rules.min_side)).tolist()
    if rule == CONFLICT:
        return sorted(copies.conflicting())
    return [] if rule in COPIES else sorted({row for rows in found[rule] for row in rows})


def _describe_match(catalog: "Catalog", row: int, rule: str, rules: DropRules) -> str:
    if rule == CONFLICT:
        return "A copy of it is under another label."
    width, height = catalog.table.select("width", "height").row(row)
    return f"It has {width} x {height} pixels, and the shorter side must have {rules.min_side}."


def _require_droppable(check: str) -> None:
    if check in DROPPABLE:
        return
    if check in _ABOUT_MANY:
        raise UsageError(
            f"The check {check} names no pictures to drop: it {_ABOUT_MANY[check]}.",
            hint=f"Use one of {', '.join(DROPPABLE)}.",
        )
    raise unknown_check(check, [*DROPPABLE, *_ABOUT_MANY], remedy=f"Use one of {', '.join(DROPPABLE)}.")


def describe_emptied(catalog: "Catalog", dropped: Iterable[str]) -> list[str]:
    """Describe in sentences the classes that lose all of their pictures, or all but one."""
    gone = set(dropped)
    usable = catalog.table.filter(catalog.readable).drop_nulls("label")
    before = Counter(usable["label"])
    left = Counter(label for label, path in usable.select("label", "path").iter_rows() if path not in gone)
    sentences = []
    for label, count in sorted(before.items()):
        if left[label] < min(2, count):
            what = "no picture is" if left[label] == 0 else "one picture is"
            sentences.append(f"Of class '{show_label(label)}', {what} left.")
    return sentences
