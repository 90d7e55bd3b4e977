"""Sources that `discern collect` can collect from, as the user names them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from discern.bundle.url_paths import is_web
from discern.catalog.class_rules import parse_classes
from discern.collecting.collected_record import CollectedRecord
from discern.collecting.datasets.collect_bins import BinOrigin, collect_bins
from discern.collecting.datasets.collect_dataset import KAGGLE, DatasetOrigin, collect_dataset
from discern.collecting.datasets.copy_pictures import PictureChoice
from discern.collecting.datasets.published_dataset import BINS, dataset_names, find_dataset, require_known
from discern.collecting.downloads.url_rows import SUFFIXES, UrlRow, read_url_rows
from discern.collecting.films.collect_films import FilmFile, find_films
from discern.errors import UsageError
from discern.flow.paths import is_folder, resolve_path
from discern.progress import Progress

if TYPE_CHECKING:
    from discern.collecting.collection import Collection

Collect = Callable[["Collection", Progress], list[CollectedRecord]]
"""Collects something into a collection."""


@dataclass(frozen=True, kw_only=True)
class DatasetOptions:
    """Options of published data sets.

    Attributes:
        origin: local copy, address of a mirror, or "kaggle"; None for the public place.
        classes: labels of the classes to collect, or a file of them; None for all.
        listing: `file_list.json` of the bins; None to go by their metadata.
        per_class: most pictures of each class; None for all.
        allow_hosts: hosts whose addresses may be private.
    """

    origin: str | Path | None = None
    classes: str | Path | Sequence[str] | None = None
    listing: str | Path | None = None
    per_class: int | None = None
    allow_hosts: tuple[str, ...] = ()

    @property
    def is_given(self) -> bool:
        """Return True if one of them is given that other sources do not have."""
        return any(each is not None for each in (self.origin, self.classes, self.listing, self.per_class))


@dataclass(frozen=True, kw_only=True)
class CollectSources:
    """Sources to collect from.

    Attributes:
        films: films.
        others: files in folders of films that are not films.
        rows: rows of lists of addresses.
        datasets: collects each data set.
    """

    films: list[FilmFile] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    rows: list[UrlRow] = field(default_factory=list)
    datasets: list[Collect] = field(default_factory=list)


def find_sources(what: Sequence[str | Path], label: str | None, options: DatasetOptions) -> CollectSources:
    """Find out what the sources are that a user names.

    Args:
        what: names of data sets, or paths of films, of folders of films, and of lists. A name stands for the data set
            even if there is a file of this name.
        label: label of all pictures; None for the labels of the sources.
        options: options of data sets.

    Raises:
        CatalogError: a folder or a list cannot be used.
        UsageError: a path or an option is invalid.
    """
    found = CollectSources()
    for each in what:
        if isinstance(each, str) and each.lower() in dataset_names():
            found.datasets.append(_plan_dataset(each, options))
        else:
            _add_path(found, each, label)
    if found.datasets and label is not None:
        raise UsageError("Data sets have labels of their own.", hint="Leave out --label.")
    if options.is_given and not found.datasets:
        raise UsageError(
            "--from, --classes, --list and --per-class belong to data sets.",
            hint=f"Name one of {', '.join(dataset_names())}.",
        )
    return found


def _add_path(found: CollectSources, source: str | Path, label: str | None) -> None:
    path = resolve_path(source)
    if is_folder(path):
        folder = find_films(path, label)
        found.films.extend(folder.films)
        found.others.extend(folder.others)
    elif path.suffix.lower() in SUFFIXES:
        rows = read_url_rows(path)
        found.rows.extend(rows if label is None else [replace(row, label=label) for row in rows])
    else:
        if not path.suffix and not path.exists():
            require_known(path.name)
        found.films.append(FilmFile(path=path, name=str(source), label=label or ""))


def _plan_dataset(name: str, options: DatasetOptions) -> Collect:
    if options.per_class is not None and options.per_class < 1:
        raise UsageError(f"Invalid number of pictures per class: {options.per_class}.", hint="It must be 1 or more.")
    origin = options.origin
    address = str(origin) if isinstance(origin, str) and (is_web(origin) or origin == KAGGLE) else ""
    path = None if origin is None or address else resolve_path(origin)
    choice = PictureChoice(
        classes=None if options.classes is None else parse_classes(options.classes), per_class=options.per_class
    )
    if name.lower() == BINS:
        listing = None if options.listing is None else resolve_path(options.listing)
        bins = BinOrigin(listing=listing, path=path, address=address, allow_hosts=options.allow_hosts)
        return lambda collection, progress: collect_bins(collection, bins, choice, progress)
    dataset = find_dataset(name)
    assert dataset is not None
    if options.listing is not None:
        raise UsageError(f"{dataset.title} has no --list.", hint="Leave it out, and pass --classes.")
    where = DatasetOrigin(path=path, address=address, allow_hosts=options.allow_hosts)
    chosen = replace(choice, inside=dataset.inside)
    return lambda collection, progress: collect_dataset(dataset, collection, where, chosen, progress)
