"""The names of CIFAR's classes, which stand in a file beside the batches."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from discern.catalog.formats.cifar.pickle_reader import read_pickle
from discern.catalog.formats.read_items import read_items
from discern.catalog.path_text import MEMBER
from discern.catalog.scanned_file import ScannedFile
from discern.errors import CatalogError, DamagedPicture, PictureError
from discern.picture import Limits

_META = ("batches.meta", "meta")
_NAMES = ("fine_label_names", "label_names")


def name_classes(root: Path, sightings: Sequence[ScannedFile]) -> tuple[list[ScannedFile], set[str]]:
    """Give the pictures of batches their classes' names in place of numbers.

    Args:
        root: what paths are relative to.
        sightings: the pictures, labelled by numbers.

    Returns:
        The pictures, those without a class as unreadable; and the paths of the files that name classes.

    Raises:
        CatalogError: no file names the classes of a batch, or it cannot be read.
    """
    folders = sorted({_folder(sighting.path) for sighting in sightings})
    classes = _classes(root, folders) if folders else {}
    named = [_named(sighting, *classes[_folder(sighting.path)]) for sighting in sightings]
    return named, {path for path, _ in classes.values()}


def _folder(path: str) -> str:
    batch = path.rpartition(MEMBER)[0]
    return batch[: len(batch) - len(batch.rpartition("/")[2])]


def _classes(root: Path, folders: Sequence[str]) -> dict[str, tuple[str, list[str]]]:
    """Find for each folder the file that names classes, and its names."""
    wanted = {folder + name: folder for folder in folders for name in _META}
    found: dict[str, tuple[str, list[str]]] = {}
    for item in read_items(root, list(wanted), limits=Limits()):
        try:
            data = item.load()
        except PictureError:
            continue
        found.setdefault(wanted[item.path], (item.path, _names(item.path, data)))
    for folder in folders:
        if folder not in found:
            raise CatalogError(
                f"{folder or root} holds CIFAR batches, but nothing that names their classes.",
                hint=f"Put {' or '.join(_META)} beside them.",
            )
    return found


def _names(path: str, data: bytes) -> list[str]:
    try:
        names = list(_texts(read_pickle(data)))
    except (PictureError, UnicodeDecodeError) as error:
        raise CatalogError(f"{path} cannot be read: {error}", hint="Get it again from where it came from.") from error
    if not names or len(set(names)) < len(names):
        raise CatalogError(f"{path} names no classes, or one twice.", hint="Get it again from where it came from.")
    return names


def _texts(meta: dict[str, object]) -> Iterator[str]:
    names = next((meta[key] for key in _NAMES if key in meta), [])
    for name in names if isinstance(names, list) else []:
        yield name.decode("utf-8") if isinstance(name, bytes) else str(name)


def _named(sighting: ScannedFile, path: str, names: Sequence[str]) -> ScannedFile:
    label = int(sighting.label or -1)
    if 0 <= label < len(names):
        return sighting._replace(label=names[label])
    error = DamagedPicture(
        f"Its label is {label}, but {path} names {len(names)} classes.", hint="Get both files again."
    )
    return sighting._replace(label=None, error=error.code, message=str(error))
