"""What is wrong with the data, as pictures side by side and what to do about each."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from discern.reporting.charts import interval_track
from discern.reporting.gallery import Gallery, Shot
from discern.reporting.sections.check_descriptions import CHECKS, CheckDescription

if TYPE_CHECKING:
    from markupsafe import Markup

    from discern.catalog import Catalog
    from discern.checking import Finding

SHOWN = 8
_MEMBERS = 6
_EXAMPLES = 3
_WRONG_LABEL = "likely_wrong_label"
_TABLES = ("shortcut",)
_OF_LABELS = (_WRONG_LABEL, "label_conflict", "odd_one_out")


@dataclass(frozen=True, kw_only=True)
class Member:
    """One picture of a finding."""

    shot: Shot
    path: str
    label: str | None


@dataclass(frozen=True, kw_only=True)
class Examples:
    """A few pictures of a class, to compare a doubtful one with."""

    label: str
    shots: tuple[Shot, ...]


@dataclass(frozen=True, kw_only=True)
class Card:
    """One finding with its pictures.

    Attributes:
        members: the pictures shown.
        more: how many are not.
        action: what is proposed, in words.
        why: what was found.
        proposed: the label that is proposed instead, or "".
        compared: pictures of the given and of the proposed class.
        strength: the finding's score as a bar.
    """

    members: tuple[Member, ...]
    more: int
    action: str
    why: str
    proposed: str = ""
    compared: tuple[Examples, ...] = ()
    strength: "Markup | None" = None


@dataclass(frozen=True, kw_only=True)
class DescribedFinding:
    """All that one check found; `cards` are some of its `count`, a `table` where pictures say little."""

    check: str
    about: CheckDescription
    count: int
    cards: tuple[Card, ...]
    table: bool


class Cards:
    """Makes cards of findings; `catalog` is where pictures to compare with come from."""

    def __init__(self, findings: Sequence["Finding"], gallery: Gallery, catalog: "Catalog | None" = None) -> None:
        self._gallery, self._catalog = gallery, catalog
        doubted = [finding.rows[0] for finding in findings if finding.check in _OF_LABELS and finding.rows]
        self._doubted = np.array(sorted(set(doubted)), dtype=np.int64)
        self._examples = cache(self._find_examples)

    def card(self, finding: "Finding", *, side: int | None = 112, compared: bool = True) -> Card:
        """One finding; `side` is that of its pictures, None for thumbnails."""
        shown = () if finding.check in _TABLES else finding.rows[:_MEMBERS]
        proposed = finding.value if finding.check == _WRONG_LABEL else ""
        return Card(
            members=tuple(self._member(row, side) for row in shown),
            more=len(finding.rows) - len(shown) if shown else 0,
            action=_action(finding),
            why=finding.why.removeprefix(f"{finding.check}:").strip(),
            proposed=proposed,
            compared=self._compare(finding.rows[0], proposed) if proposed and compared and finding.rows else (),
            strength=interval_track(min(1.0, max(0.0, float(finding.score))), kind="ours"),
        )

    def _member(self, row: int, side: int | None) -> Member:
        shot = self._gallery.small(row) if side is None else self._gallery.large(row, side)
        return Member(shot=shot, path=self._gallery.path(row), label=self._gallery.label(row))

    def _compare(self, row: int, proposed: str) -> tuple[Examples, ...]:
        own = self._gallery.label(row)
        both = [self._examples(label) for label in (own, proposed) if label is not None]
        return tuple(each for each in both if each.shots)

    def _find_examples(self, label: str) -> Examples:
        """Pictures of a class from all over it, none of them doubted."""
        if self._catalog is None or label not in self._catalog.labels:
            return Examples(label=label, shots=())
        own = np.flatnonzero(self._catalog.label_index == self._catalog.labels.index(label))
        sure = np.setdiff1d(own, self._doubted)
        some = sure[np.linspace(0, len(sure) - 1, min(_EXAMPLES, len(sure))).round().astype(int)] if len(sure) else sure
        return Examples(label=label, shots=tuple(self._gallery.small(int(row)) for row in some))


class LabelDoubts:
    """Findings about labels, by class; a proposal and a conflict stand with both classes."""

    def __init__(self, findings: Sequence["Finding"], gallery: Gallery, cards: Cards) -> None:
        self._cards = cards
        self._found: dict[str | None, list[Finding]] = {}
        for finding in sorted(findings, key=lambda each: _rank(each.check)):
            if finding.check in _OF_LABELS:
                proposed = {finding.value} if finding.check == _WRONG_LABEL else set()
                for label in {gallery.label(row) for row in finding.rows} | proposed:
                    self._found.setdefault(label, []).append(finding)

    def of(self, label: str, most: int, *, side: int | None) -> tuple[Card, ...]:
        """The first few about one class."""
        found = self._found.get(label, [])[:most]
        return tuple(self._cards.card(finding, side=side, compared=False) for finding in found)


def describe_findings(
    findings: Sequence["Finding"], gallery: Gallery, cards: Cards | None = None
) -> tuple[DescribedFinding, ...]:
    """Gather the findings by check, in the order of `CHECKS`; unknown checks follow."""
    cards = cards or Cards(findings, gallery)
    by_check: dict[str, list[Finding]] = {}
    for finding in findings:
        by_check.setdefault(finding.check, []).append(finding)
    return tuple(
        DescribedFinding(
            check=check,
            about=CHECKS.get(check)
            or CheckDescription(title=check.replace("_", " ").capitalize(), meaning="", remedy=""),
            count=len(found),
            cards=tuple(cards.card(finding, side=_side(finding)) for finding in _varied(found, gallery)),
            table=check in _TABLES,
        )
        for check, found in sorted(by_check.items(), key=lambda item: _rank(item[0]))
    )


def counts(faults: Sequence[DescribedFinding]) -> Mapping[str, int]:
    """How many findings each check has."""
    return {fault.check: fault.count for fault in faults}


def _rank(check: str) -> int:
    return list(CHECKS).index(check) if check in CHECKS else len(CHECKS)


def _varied(found: list["Finding"], gallery: Gallery) -> list["Finding"]:
    """A few findings from as many classes as possible, rather than the first class's alone, and copies last."""
    turn: Counter[str | None] = Counter()
    seen: set[tuple[str | None, ...]] = set()
    order = []
    for place, finding in enumerate(found):
        label = gallery.label(finding.rows[0]) if finding.rows else None
        shown = tuple(gallery.pixels(row) for row in finding.rows)
        copy = bool(shown) and shown in seen
        order.append((copy, turn[label], place))
        turn[label] += not copy
        seen.add(shown)
    return [found[place] for *_, place in sorted(order)[:SHOWN]]


def _side(finding: "Finding") -> int:
    return 176 if len(finding.rows) <= 2 else 112


def _action(finding: "Finding") -> str:
    if finding.check == "label_conflict":
        # What fixes.csv proposes only holds until somebody has decided.
        return "you decide"
    words = {"drop": "proposed: drop one", "group": "proposed: keep together", "keep": "you decide"}
    if len(finding.rows) < 2:
        words["drop"] = "proposed: drop it"
    return words.get(finding.action, "")
