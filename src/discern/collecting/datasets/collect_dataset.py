"""Collection of a published data set that is one archive."""

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from discern.bundle.url_paths import is_web
from discern.collecting.collected_record import CollectedRecord
from discern.collecting.datasets.archive_download import ArchiveAddress, download_archive
from discern.collecting.datasets.copy_pictures import PictureChoice, copy_pictures, find_copied
from discern.collecting.datasets.kaggle_token import kaggle_address
from discern.collecting.datasets.published_dataset import PublishedDataset
from discern.errors import CatalogError, UsageError
from discern.progress import Progress, silent

if TYPE_CHECKING:
    from discern.collecting.collection import Collection

KAGGLE = "kaggle"
"""Value of `--from` that stands for Kaggle."""

_DOWNLOADS = ".downloads"


@dataclass(frozen=True, kw_only=True)
class DatasetOrigin:
    """Origin of a data set.

    Attributes:
        path: local copy; None for none.
        address: address of a mirror, or "kaggle"; "" for the public place.
        allow_hosts: hosts whose addresses may be private.
        environment: environment variables, for tokens.
        home: the user's home folder.
    """

    path: Path | None = None
    address: str = ""
    allow_hosts: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    home: Path = field(default_factory=Path.home)


def collect_dataset(
    dataset: PublishedDataset,
    collection: "Collection",
    origin: DatasetOrigin,
    choice: PictureChoice,
    progress: Progress = silent,
) -> list[CollectedRecord]:
    """Collect a data set, from a local copy or by a download that is removed afterwards.

    Args:
        dataset: the data set.
        collection: where to collect.
        origin: where the data set is.
        choice: the pictures to collect.
        progress: called with the stage, items done and items in all.

    Raises:
        CatalogError: the data set is not there, cannot be downloaded, or is another file.
        UsageError: a class does not exist, or a token is missing.
    """
    if found := find_copied(dataset.name, collection, choice):
        return found
    if origin.path is not None:
        if not origin.path.exists():
            raise CatalogError(f"There is no copy of {dataset.title} at {origin.path}.", hint=dataset.remedy)
        return copy_pictures(dataset.name, origin.path, collection, choice, progress)
    address, folder = _address(dataset, origin), collection.folder / _DOWNLOADS
    folder.mkdir(exist_ok=True)
    archive = folder / dataset.file
    try:
        if not archive.exists():
            download_archive(dataset, address, folder, allow_hosts=origin.allow_hosts, progress=progress)
    except CatalogError:
        with suppress(OSError):
            folder.rmdir()  # unless there is a part, from which a later call continues
        raise
    records = copy_pictures(dataset.name, archive, collection, choice, progress)
    shutil.rmtree(folder)
    return records


def _address(dataset: PublishedDataset, origin: DatasetOrigin) -> ArchiveAddress:
    if origin.address == KAGGLE:
        if not dataset.kaggle:
            raise UsageError(f"{dataset.title} is not collected from Kaggle.", hint=dataset.remedy)
        return kaggle_address(dataset.kaggle, origin.environment, origin.home)
    if origin.address and not is_web(origin.address):
        raise UsageError(f"Not the address of a mirror: {origin.address!r}.", hint="Write it like https://...")
    if not (origin.address or dataset.address):
        raise CatalogError(f"{dataset.title} is given out by {dataset.login}.", hint=dataset.remedy)
    return ArchiveAddress(url=origin.address or dataset.address)
