"""The checks: each looks for one kind of fault, and one tuple lists them all."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from discern.checking.copies import Copy
from discern.checking.findings import Check, CheckConfig, Evidence, Finding
from discern.picture import FORMATS

if TYPE_CHECKING:
    from discern.catalog import Catalog
    from discern.grouping import Groups
    from discern.heads import Opinions


def unreadable(evidence: Evidence) -> Iterator[Finding]:
    """Files that are not ignored and no picture that can be opened."""
    for row in np.flatnonzero(~evidence.catalog.readable).tolist():
        message = evidence.catalog.table["message"][row] or "It cannot be opened."
        why = f"{message} It is used for nothing; replace or delete it."
        yield Finding(check="unreadable", rows=(row,), score=1.0, action="drop", why=why)


def wrong_suffix(evidence: Evidence) -> Iterator[Finding]:
    """Pictures whose name says another format than their content, or none."""
    known = {suffix for suffixes in FORMATS.values() for suffix in suffixes}
    for row, content in enumerate(evidence.catalog.table["format"]):
        suffix = PurePosixPath(evidence.paths[row]).suffix.lower()
        if not evidence.catalog.readable[row] or content is None or suffix in FORMATS[content]:
            continue
        name = f"the name ends in '{suffix}'" if suffix else "the name has no suffix"
        why = f"The content is {content}, but {name}. It is read all the same; rename it for the sake of other tools."
        yield Finding(check="wrong_suffix", rows=(row,), score=1.0 if suffix in known else 0.5, action="keep", why=why)


def exact_copy(evidence: Evidence) -> Iterator[Finding]:
    """Pictures that show the same pixels; n copies are n - 1 findings."""
    for pair in evidence.copies:
        if pair.kind == "exact":
            differ = evidence.conflict(pair.row, pair.other)
            remedy = "Their labels differ: look at both." if differ else "Drop one of the two."
            why = f"The same picture as {_place(evidence, pair)}. {remedy}"
            yield _pair(evidence, "exact_copy", pair, why)


def near_copy(evidence: Evidence) -> Iterator[Finding]:
    """Pictures that are one picture re-encoded, resized, cropped, turned or mirrored; one finding for each pair."""
    for pair in evidence.copies:
        if pair.kind == "near":
            apart = evidence.groups.group[pair.row] != evidence.groups.group[pair.other]
            remedy = "Drop one, or keep both in one group" + (", which joins two groups." if apart else ".")
            why = f"Nearly the same picture as {_place(evidence, pair)}. {remedy}"
            yield _pair(evidence, "near_copy", pair, why)


def label_conflict(evidence: Evidence) -> Iterator[Finding]:
    """One picture, or two near copies, under two labels."""
    for pair in evidence.copies:
        if evidence.conflict(pair.row, pair.other):
            same = "The same picture is" if pair.kind == "exact" else "Nearly the same picture is"
            labels = f"{evidence.label(pair.row)} here and {evidence.label(pair.other)} at {evidence.paths[pair.other]}"
            why = f"{same} {labels}. Look at both and drop or relabel the wrong one; until then neither is judged."
            yield _pair(evidence, "label_conflict", pair, why)


def part_leak(evidence: Evidence) -> Iterator[Finding]:
    """Groups, and confirmed pairs of different groups, that stand in more than one of the given parts."""
    group = evidence.groups.group
    table = pl.DataFrame({"group": group, "part": evidence.parts}).with_row_index("row")
    table = table.filter((pl.col("part") != "") & pl.Series(evidence.catalog.readable))
    shared = table.filter(pl.col("part").n_unique().over("group") > 1)
    for _, members in shared.group_by("group", maintain_order=True):
        counts = " and ".join(f"{number} in {part}" for part, number in sorted(Counter(members["part"]).items()))
        why = f"Pictures that are not independent stand in different given parts: {counts}. {_LEAK_REMEDY}"
        yield Finding(check="part_leak", rows=tuple(members["row"]), score=1.0, action="keep", why=why)
    for first, second, score in evidence.groups.straddling.select("first", "second", "score").iter_rows():
        if evidence.across(first, second):
            why = (
                f"It stands in {evidence.parts[first]}, and a copy at {evidence.paths[second]} does not. {_LEAK_REMEDY}"
            )
            yield Finding(check="part_leak", rows=(first, second), score=score, action="keep", why=why)


_LEAK_REMEDY = "Training leaves them out where they would spoil the judgement; move them into one part."


def small_class(evidence: Evidence) -> Iterator[Finding]:
    """Classes with too few independent groups to be learned and judged well."""
    fewest = evidence.config.fewest_groups
    table = evidence.catalog.table.select("label", readable=evidence.catalog.readable, group=evidence.groups.group)
    for (label,), members in table.with_row_index("row").group_by("label", maintain_order=True):
        usable = members.filter("readable")
        groups = usable["group"].n_unique()
        if label is not None and groups < fewest:
            rows = tuple((usable if len(usable) else members)["row"])
            why = (
                f"Class '{label}' has {groups} independent groups of pictures ({len(usable)} pictures), and fewer than "
                f"{fewest} say little about new ones. Add pictures from other occasions."
            )
            yield Finding(check="small_class", rows=rows, score=1 - groups / fewest, action="keep", why=why)


def large_group(evidence: Evidence) -> Iterator[Finding]:
    """Groups that make up much of their class: a film, a burst, or pictures on one background."""
    table = pl.DataFrame({"label": evidence.labels, "group": evidence.groups.group}).with_row_index("row")
    table = table.filter(pl.col("label") >= 0).with_columns(
        size=pl.len().over("label", "group"), share=pl.len().over("label", "group") / pl.len().over("label")
    )
    large = table.filter(
        (pl.col("size") > evidence.config.large_pictures) & (pl.col("share") > evidence.config.large_share)
    )
    for _, members in large.group_by("label", "group", maintain_order=True):
        rows, share = tuple(members["row"]), members["share"][0]
        why = (
            f"{len(rows)} pictures, {share:.0%} of class {evidence.label(rows[0])}, count as one because they are not "
            "independent. If they are, declare their groups; else add pictures from other occasions."
        )
        yield Finding(check="large_group", rows=rows, score=share, action="keep", why=why)


CHECKS: tuple[Check, ...] = (
    unreadable,
    wrong_suffix,
    exact_copy,
    near_copy,
    label_conflict,
    part_leak,
    small_class,
    large_group,
)
"""All checks, in the order in which their findings are told."""


def find_faults(
    catalog: "Catalog",
    edges: pl.DataFrame,
    groups: "Groups",
    *,
    opinions: "Opinions | None" = None,
    config: CheckConfig | None = None,
) -> list[Finding]:
    """Everything that the checks find, in the order of `CHECKS`, then by path.

    Args:
        catalog: N pictures; only looked at.
        edges: as `find_edges` gives them.
        groups: as `form_groups` gives them.
        opinions: what heads that had not learned a picture say to it; None: no label is doubted.
        config: from when on something is a finding.
    """
    evidence = Evidence(catalog=catalog, edges=edges, groups=groups, opinions=opinions, config=config or CheckConfig())
    paths = evidence.paths
    return [
        finding
        for check in CHECKS
        for finding in sorted(check(evidence), key=lambda found: [paths[row] for row in found.rows])
    ]


def count(findings: Iterable[Finding]) -> dict[str, int]:
    """How many findings each check has; every check is there, also those that found nothing.

    For copies and label conflicts a finding is a pair, and so a row of fixes.csv: four exact copies count 3. A pair
    counts in each check that it answers to: a picture under two labels is an exact copy and a label conflict.
    """
    found = Counter(finding.check for finding in findings)
    return {check.__name__: found[check.__name__] for check in CHECKS}


def _pair(evidence: Evidence, check: str, pair: Copy, why: str) -> Finding:
    rows = (pair.row, pair.other)
    if pair.kind == "exact" and not evidence.conflict(*rows):
        return Finding(check=check, rows=rows, score=pair.score, action="drop", why=why)
    return Finding(
        check=check,
        rows=rows,
        score=pair.score,
        action="group",
        value=evidence.group_names[int(evidence.groups.group[pair.row])],
        why=why,
    )


def _place(evidence: Evidence, pair: Copy) -> str:
    part = f", which is in the {evidence.parts[pair.other]} part" if evidence.across(pair.row, pair.other) else ""
    return f"{evidence.paths[pair.other]}{part}"
