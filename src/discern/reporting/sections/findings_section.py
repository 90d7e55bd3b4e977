"""Functions that build the findings section of the report, with images and proposed fixes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from discern.reporting.charts import interval_plot
from discern.reporting.gallery import Gallery, PageImage
from discern.reporting.sections.check_descriptions import CHECKS, CheckDescription

if TYPE_CHECKING:
    from markupsafe import Markup

    from discern.catalog import Catalog
    from discern.checking import Finding

MAX_CARDS = 8
_MAX_PICTURES = 6
_EXAMPLES = 3
_WRONG_LABEL = "likely_wrong_label"
_TABLE_CHECKS = ("shortcut",)
_LABEL_CHECKS = (_WRONG_LABEL, "label_conflict", "odd_one_out")


@dataclass(frozen=True, kw_only=True)
class FindingPicture:
    """Image shown with a finding, with its path and class label."""

    image: PageImage
    path: str
    label: str | None


@dataclass(frozen=True, kw_only=True)
class ClassExamples:
    """Example images of a class, for comparison with a questionable label."""

    label: str
    images: tuple[PageImage, ...]


@dataclass(frozen=True, kw_only=True)
class FindingCard:
    """Finding of a data quality check as shown in the report.

    Attributes:
        pictures: the pictures shown.
        more: number of pictures not shown.
        action: the proposed action.
        why: the reason.
        proposed: the proposed label, or "".
        compared: pictures of the given and of the proposed class.
        strength: the score as a plot.
    """

    pictures: tuple[FindingPicture, ...]
    more: int
    action: str
    why: str
    proposed: str = ""
    compared: tuple[ClassExamples, ...] = ()
    strength: "Markup | None" = None


@dataclass(frozen=True, kw_only=True)
class CheckFindings:
    """Findings of one data quality check as shown in the report.

    `cards` shows some of `count` findings. `table` is True for findings without pictures.
    """

    check: str
    description: CheckDescription
    count: int
    cards: tuple[FindingCard, ...]
    table: bool


class FindingCards:
    """Builder of the cards that show findings with example images from `catalog`."""

    def __init__(self, findings: Sequence["Finding"], gallery: Gallery, catalog: "Catalog | None" = None) -> None:
        self._gallery, self._catalog = gallery, catalog
        suspects = [finding.rows[0] for finding in findings if finding.check in _LABEL_CHECKS and finding.rows]
        self._suspects = np.array(sorted(set(suspects)), dtype=np.int64)
        self._examples = cache(self._find_examples)

    def card(self, finding: "Finding", *, side: int | None = 112, compared: bool = True) -> FindingCard:
        """Build the card of a finding, with thumbnails only if `side` is None."""
        shown = () if finding.check in _TABLE_CHECKS else finding.rows[:_MAX_PICTURES]
        proposed = finding.value if finding.check == _WRONG_LABEL else ""
        return FindingCard(
            pictures=tuple(self._picture(row, side) for row in shown),
            more=len(finding.rows) - len(shown) if shown else 0,
            action=_action(finding),
            why=finding.why.removeprefix(f"{finding.check}:").strip(),
            proposed=proposed,
            compared=self._compare(finding.rows[0], proposed) if proposed and compared and finding.rows else (),
            strength=interval_plot(min(1.0, max(0.0, float(finding.score))), kind="main"),
        )

    def _picture(self, row: int, side: int | None) -> FindingPicture:
        image = self._gallery.thumbnail(row) if side is None else self._gallery.picture(row, side)
        return FindingPicture(image=image, path=self._gallery.path(row), label=self._gallery.label(row))

    def _compare(self, row: int, proposed: str) -> tuple[ClassExamples, ...]:
        own = self._gallery.label(row)
        both = [self._examples(label) for label in (own, proposed) if label is not None]
        return tuple(each for each in both if each.images)

    def _find_examples(self, label: str) -> ClassExamples:
        """Select evenly spaced images of a class, without questionable labels."""
        if self._catalog is None or label not in self._catalog.labels:
            return ClassExamples(label=label, images=())
        own = np.flatnonzero(self._catalog.label_index == self._catalog.labels.index(label))
        clean = np.setdiff1d(own, self._suspects)
        ranks = np.linspace(0, max(0, len(clean) - 1), min(_EXAMPLES, len(clean))).round().astype(int)
        return ClassExamples(label=label, images=tuple(self._gallery.thumbnail(int(row)) for row in clean[ranks]))


class LabelFindings:
    """Findings about labels, listed under both the given and the proposed class."""

    def __init__(self, findings: Sequence["Finding"], gallery: Gallery, cards: FindingCards) -> None:
        self._cards = cards
        self._by_label: dict[str | None, list[Finding]] = {}
        for finding in sorted(findings, key=lambda each: _rank(each.check)):
            if finding.check in _LABEL_CHECKS:
                proposed = {finding.value} if finding.check == _WRONG_LABEL else set()
                for label in {gallery.label(row) for row in finding.rows} | proposed:
                    self._by_label.setdefault(label, []).append(finding)

    def cards(self, label: str, most: int, *, side: int | None) -> tuple[FindingCard, ...]:
        """Build cards for the first `most` label findings about one class."""
        found = self._by_label.get(label, [])[:most]
        return tuple(self._cards.card(finding, side=side, compared=False) for finding in found)


def describe_findings(
    findings: Sequence["Finding"], gallery: Gallery, cards: FindingCards | None = None
) -> tuple[CheckFindings, ...]:
    """Build the findings section with one part per data quality check, in display order."""
    cards = cards or FindingCards(findings, gallery)
    by_check: dict[str, list[Finding]] = {}
    for finding in findings:
        by_check.setdefault(finding.check, []).append(finding)
    return tuple(
        CheckFindings(
            check=check,
            description=CHECKS.get(check)
            or CheckDescription(title=check.replace("_", " ").capitalize(), meaning="", remedy=""),
            count=len(found),
            cards=tuple(cards.card(finding, side=_side(finding)) for finding in _varied(found, gallery)),
            table=check in _TABLE_CHECKS,
        )
        for check, found in sorted(by_check.items(), key=lambda item: _rank(item[0]))
    )


def count_by_check(findings: Sequence[CheckFindings]) -> Mapping[str, int]:
    """Count the findings of each data quality check."""
    return {each.check: each.count for each in findings}


def _rank(check: str) -> int:
    return list(CHECKS).index(check) if check in CHECKS else len(CHECKS)


def _varied(found: list["Finding"], gallery: Gallery) -> list["Finding"]:
    """Select a few findings from as many classes as possible, with exact copies last."""
    turn: Counter[str | None] = Counter()
    seen: set[tuple[str | None, ...]] = set()
    order = []
    for index, finding in enumerate(found):
        label = gallery.label(finding.rows[0]) if finding.rows else None
        shown = tuple(gallery.pixels(row) for row in finding.rows)
        copy = bool(shown) and shown in seen
        order.append((copy, turn[label], index))
        turn[label] += not copy
        seen.add(shown)
    return [found[index] for *_, index in sorted(order)[:MAX_CARDS]]


def _side(finding: "Finding") -> int:
    return 176 if len(finding.rows) <= 2 else 112


def _action(finding: "Finding") -> str:
    if finding.check == "label_conflict":
        # The action in fixes.csv is provisional: a person has to decide which label is correct.
        return "you decide"
    words = {"drop": "proposed: drop one", "group": "proposed: keep together", "keep": "you decide"}
    if len(finding.rows) < 2:
        words["drop"] = "proposed: drop it"
    return words.get(finding.action, "")
