"""Data quality checks that find leaks between split parts, large groups and image sequences."""

from collections import Counter
from collections.abc import Iterator

import polars as pl

from discern.checking.film_remedy import FILM_REMEDY
from discern.checking.findings import CheckInput, Finding


def part_leak(data: CheckInput) -> Iterator[Finding]:
    """Find groups and duplicate images that occur in more than one declared split part."""
    group = data.groups.group
    table = pl.DataFrame({"group": group, "part": data.parts}).with_row_index("row")
    table = table.filter((pl.col("part") != "") & pl.Series(data.catalog.readable))
    shared = table.filter(pl.col("part").n_unique().over("group") > 1)
    for _, members in shared.group_by("group", maintain_order=True):
        counts = " and ".join(f"{number} in {part}" for part, number in sorted(Counter(members["part"]).items()))
        why = f"Pictures that are not independent are in different given parts: {counts}. {_LEAK_REMEDY}"
        yield Finding(check="part_leak", rows=tuple(members["row"]), score=1.0, action="keep", why=why)
    for first, second, score in data.groups.cross_pairs.select("first", "second", "score").iter_rows():
        if data.parts_differ(first, second):
            part, other_part = data.parts[first], data.parts[second]
            why = f"It is in {part}, and its copy {data.paths[second]} is in {other_part}. {_LEAK_REMEDY}"
            yield Finding(check="part_leak", rows=(first, second), score=score, action="keep", why=why)


_LEAK_REMEDY = "Training leaves them out where they would inflate the accuracy; move them into one part."


def large_group(data: CheckInput) -> Iterator[Finding]:
    """Find groups that contain a large share of their class's images.

    Such a group is a film, a burst, or pictures on one background.
    """
    table = pl.DataFrame({"label": data.labels, "group": data.groups.group}).with_row_index("row")
    table = table.filter(pl.col("label") >= 0).with_columns(
        size=pl.len().over("label", "group"), share=pl.len().over("label", "group") / pl.len().over("label")
    )
    large = table.filter((pl.col("size") > data.config.large_pictures) & (pl.col("share") > data.config.large_share))
    for _, members in large.group_by("label", "group", maintain_order=True):
        rows, share = tuple(members["row"]), members["share"][0]
        pictures = f"{len(rows)} pictures, {share:.0%} of class {data.label(rows[0])},"
        why = (
            f"{pictures} are one film or burst, and count little more than one picture. {FILM_REMEDY}"
            if data.film_frames[list(rows)].all()
            else f"{pictures} are one group because they are not independent. If they are independent, declare their "
            "groups; else add pictures from other occasions."
        )
        yield Finding(check="large_group", rows=rows, score=share, action="keep", why=why)


def undeclared_film(data: CheckInput) -> Iterator[Finding]:
    """Find films and bursts of images that have no declared group."""
    table = pl.DataFrame({"group": data.groups.group, "declared": data.catalog.table["group"]})
    table = table.with_row_index("row").with_columns(film=pl.Series(data.film_frames))
    films = table.filter(pl.col("film"), pl.col("declared").is_null().all().over("group"))
    if not len(films):
        return
    rows, count = tuple(films.sort("group", "row")["row"]), films["group"].n_unique()
    place = (
        "one group that looks like a film or a burst"
        if count == 1
        else f"{count} groups that look like films or bursts"
    )
    why = (
        f"{len(rows)} pictures are in {place}, and no group was declared. A split keeps each group together, as far as "
        "it was detected. If you know which pictures belong together, declare it in a 'group' column, in fixes.csv or "
        f"with --group-by.{_describe_labels(data, films)}"
    )
    share = len(rows) / max(1, int(data.catalog.readable.sum()))
    yield Finding(check="undeclared_film", rows=rows, score=min(1.0, share), action="keep", why=why)


def _describe_labels(data: CheckInput, films: pl.DataFrame) -> str:
    """Describe in a sentence the first pictures of one film that have different labels, if there are any."""
    labelled = films.with_columns(label=pl.Series(data.labels)[films["row"]]).filter(pl.col("label") >= 0)
    mixed = labelled.filter(pl.col("label").n_unique().over("group") > 1)
    if not len(mixed):
        return ""
    first, second = (
        mixed.filter(pl.col("group") == mixed["group"][0]).unique("label", keep="first").sort("row")["row"][:2]
    )
    count = mixed["group"].n_unique()
    return (
        f" {count} of them {'has' if count == 1 else 'have'} pictures with different labels, such as "
        f"{data.paths[first]} ({data.label(first)}) and {data.paths[second]} ({data.label(second)})."
    )
