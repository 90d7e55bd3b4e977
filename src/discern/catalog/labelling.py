"""Gives sightings their labels: from the folders they lie in, from lists among them, or from the batch they are of."""

from collections.abc import Sequence
from dataclasses import replace

from discern.catalog.classes import name_classes
from discern.catalog.following import follow_lists
from discern.catalog.forms.entries import Entry
from discern.catalog.forms.listings import may_list
from discern.catalog.forms.reading import items_at
from discern.catalog.forms.tables import TABLES, read_table
from discern.catalog.layout import labels_and_parts, place_of
from discern.catalog.seeing import Sighting
from discern.catalog.sources import Source
from discern.errors import CatalogError, UnreadableFile
from discern.picture import Limits


def labelled(source: Source, sightings: Sequence[Sighting]) -> list[Sighting]:
    """Add what the source says of labels and parts, in whatever way it says it."""
    if source.layout == "declared":
        return list(sightings)
    named, names = name_classes(source.root, [sighting for sighting in sightings if sighting.part])
    files = [sighting for sighting in sightings if not sighting.part and sighting.path not in names]
    return named + _labelled_files(source, files)


def _labelled_files(source: Source, sightings: Sequence[Sighting]) -> list[Sighting]:
    if source.layout == "archive":
        declared = _by_table(source, sightings)
        if declared is not None:
            return declared
    said = labels_and_parts(
        [place_of(sighting.path, sighting.archive) for sighting in sightings],
        [sighting.error is None for sighting in sightings],
        whole=source.layout == "archive",
    )
    labelled = [replace(one, label=label, part=part) for one, (label, part) in zip(sightings, said, strict=True)]
    return follow_lists(source.root, labelled)


def _by_table(source: Source, sightings: Sequence[Sighting]) -> list[Sighting] | None:
    """Follow the only table in an archive if it names any of its files; its rows then are the catalog's."""
    tables = [sighting.path for sighting in sightings if sighting.path.lower().endswith(TABLES)]
    if len(tables) != 1 or may_list(tables[0].rpartition("/")[2]):
        return None
    (table,) = items_at(source.root, tables, limits=Limits())
    try:
        entries = read_table(table.path, table.load())
    except CatalogError:
        return None
    seen = {sighting.path: sighting for sighting in sightings}
    folder = table.path[: len(table.path) - len(table.path.replace("!/", "/").rpartition("/")[2])]
    if not any(folder + entry.path in seen for entry in entries):
        return None
    return [_declare(seen.get(folder + entry.path), folder + entry.path, entry) for entry in entries]


def _declare(sighting: Sighting | None, path: str, entry: Entry) -> Sighting:
    if sighting is None:
        missing = UnreadableFile("The table names it, but the archive has no such file.", hint="Correct the table.")
        sighting = Sighting(path=path, error=missing.code, message=str(missing))
    return replace(sighting, label=entry.label, part=entry.part, group=entry.group)
