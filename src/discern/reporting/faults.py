"""What is wrong with the data, as pictures side by side and what to do about each."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from discern.reporting.pictures import Gallery, Shot

if TYPE_CHECKING:
    from discern.checking import Finding

SHOWN = 8
_MEMBERS = 6


@dataclass(frozen=True, kw_only=True)
class Check:
    """How a check is spoken of: its name in words, what it means and what to do."""

    title: str
    meaning: str
    remedy: str


CHECKS = {
    "unreadable": Check(
        title="Files that cannot be read",
        meaning="They are no pictures, or damaged. They were left out of everything.",
        remedy="Replace or delete them.",
    ),
    "wrong_suffix": Check(
        title="Files that are not what their name says",
        meaning="The content was used, whatever the name; other programs may refuse them.",
        remedy="Rename them if other programs use them too.",
    ),
    "label_conflict": Check(
        title="One picture under two labels",
        meaning="The same picture is called two things, so one of them is wrong. Both were left out of the figures.",
        remedy="Decide which label is right; drop the other in fixes.csv.",
    ),
    "part_leak": Check(
        title="The same thing in the training and the test part",
        meaning="A model is tested on what it has seen, which flatters it. The training side was left out of learning.",
        remedy="Keep one side, or let Discern make the parts.",
    ),
    "exact_copy": Check(
        title="Exact copies",
        meaning="The same pixels twice. Copies never stand on both sides of a split here and count once.",
        remedy="Drop one of each pair, if you like.",
    ),
    "near_copy": Check(
        title="Near copies",
        meaning="The same picture resized, cropped, turned, mirrored or saved again. They are kept on one side.",
        remedy="Look at the pairs: drop a copy, or write “keep” where they are truly different.",
    ),
    "small_class": Check(
        title="Classes with too few pictures",
        meaning="With so few independent pictures a class can hardly be learned, and hardly be judged.",
        remedy="Add pictures, taken independently of each other.",
    ),
    "large_group": Check(
        title="Very large groups",
        meaning="A large part of a class looks like one film or series.",
        remedy="Check that they really belong together; add other scenes.",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Member:
    """One picture of a finding."""

    shot: Shot
    path: str
    label: str | None


@dataclass(frozen=True, kw_only=True)
class Card:
    """One finding with its pictures; `more` members are not shown."""

    members: tuple[Member, ...]
    more: int
    action: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Fault:
    """All that one check found; `cards` are some of its `count` findings."""

    check: str
    about: Check
    count: int
    cards: tuple[Card, ...]


def describe_faults(findings: Sequence["Finding"], gallery: Gallery) -> tuple[Fault, ...]:
    """Gather the findings by check, in the order of `CHECKS`; unknown checks follow."""
    by_check: dict[str, list[Finding]] = {name: [] for name in CHECKS}
    for finding in findings:
        by_check.setdefault(finding.check, []).append(finding)
    return tuple(
        Fault(
            check=check,
            about=CHECKS.get(check) or Check(title=check.replace("_", " ").capitalize(), meaning="", remedy=""),
            count=len(found),
            cards=tuple(_card(finding, gallery) for finding in _varied(found, gallery)),
        )
        for check, found in by_check.items()
        if found
    )


def _varied(found: list["Finding"], gallery: Gallery) -> list["Finding"]:
    """A few findings from as many classes as possible, rather than the first class's alone."""
    turn: Counter[str | None] = Counter()
    order = []
    for place, finding in enumerate(found):
        label = gallery.label(finding.rows[0]) if finding.rows else None
        order.append((turn[label], place))
        turn[label] += 1
    return [found[place] for _, place in sorted(order)[:SHOWN]]


def _card(finding: "Finding", gallery: Gallery) -> Card:
    shown = finding.rows[:_MEMBERS]
    side = 176 if len(shown) <= 2 else 112
    return Card(
        members=tuple(
            Member(shot=gallery.large(row, side), path=gallery.path(row), label=gallery.label(row)) for row in shown
        ),
        more=len(finding.rows) - len(shown),
        action=_action(finding),
        why=finding.why.removeprefix(f"{finding.check}:").strip(),
    )


def _action(finding: "Finding") -> str:
    if finding.check == "label_conflict":
        # What fixes.csv proposes only holds until somebody has decided.
        return "you decide"
    words = {"drop": "proposed: drop one", "group": "proposed: keep together", "keep": "you decide"}
    return words.get(finding.action, "")
