"""Checks of groups: pictures that are not independent, and where that spoils something."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import polars as pl

from discern.checking.findings import CheckInput, Finding


def part_leak(evidence: CheckInput) -> Iterator[Finding]:
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


def large_group(evidence: CheckInput) -> Iterator[Finding]:
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


def undeclared_film(evidence: CheckInput) -> Iterator[Finding]:
    """Films and bursts that were found among the pictures, though nobody declared them: told once."""
    linked = evidence.edges.filter(pl.col("kind") == "sequence").select("first", "second").to_numpy().ravel()
    table = pl.DataFrame({"group": evidence.groups.group, "declared": evidence.catalog.table["group"]})
    table = table.with_row_index("row").with_columns(film=pl.Series(np.isin(np.arange(len(table)), linked)))
    films = table.filter(
        pl.col("film").any().over("group"),
        pl.col("declared").is_null().all().over("group"),
        pl.len().over("group") >= _FILM,
    )
    if not len(films):
        return
    rows, count = tuple(films.sort("group", "row")["row"]), films["group"].n_unique()
    place = (
        "one group that looks like a film or a burst"
        if count == 1
        else f"{count} groups that look like films or bursts"
    )
    why = (
        f"{len(rows)} pictures stand in {place}, and no group was declared. Each is kept together, as long as it was "
        "found whole. If you know which pictures belong together, say so in a 'group' column or in fixes.csv."
    )
    share = len(rows) / max(1, int(evidence.catalog.readable.sum()))
    yield Finding(check="undeclared_film", rows=rows, score=min(1.0, share), action="keep", why=why)


_FILM = 3
