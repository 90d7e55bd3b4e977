"""Functions that read CIFAR class names from the batches' metadata file."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from discern.catalog.formats.cifar.pickle_reader import read_pickle
from discern.catalog.formats.read_items import read_items
from discern.catalog.label_text import normalise_label
from discern.catalog.path_text import MEMBER
from discern.catalog.scanned_file import ScannedFile
from discern.errors import CatalogError, DamagedPicture, PictureError
from discern.picture import Limits

_META = ("batches.meta", "meta")
_NAMES = ("fine_label_names", "label_names")


def name_classes(root: Path, pictures: Sequence[ScannedFile]) -> tuple[list[ScannedFile], set[str]]:
    """Replace the class indices of CIFAR images with class names.

    Args:
        root: the folder that paths are relative to.
        pictures: pictures of batches, labelled by class indices.

    Returns:
        The pictures with class names, or with an error if their index is out of range; and the paths of the metadata
        files.

    Raises:
        CatalogError: the metadata file of a batch is missing or cannot be read.
    """
    folders = sorted({_folder(picture.path) for picture in pictures})
    classes = _find_classes(root, folders) if folders else {}
    named = [_named(picture, *classes[_folder(picture.path)]) for picture in pictures]
    return named, {path for path, _ in classes.values()}


def _folder(path: str) -> str:
    batch = path.rpartition(MEMBER)[0]
    return batch[: len(batch) - len(batch.rpartition("/")[2])]


def _find_classes(root: Path, folders: Sequence[str]) -> dict[str, tuple[str, list[str]]]:
    folder_of = {folder + name: folder for folder in folders for name in _META}
    found: dict[str, tuple[str, list[str]]] = {}
    for item in read_items(root, list(folder_of), limits=Limits()):
        try:
            data = item.load()
        except PictureError:
            continue
        found.setdefault(folder_of[item.path], (item.path, _names(item.path, data)))
    for folder in folders:
        if folder not in found:
            raise CatalogError(
                f"{folder or root} contains CIFAR batches, but not the file with their class names.",
                hint=f"Copy {' or '.join(_META)} into the same folder.",
            )
    return found


def _names(path: str, data: bytes) -> list[str]:
    try:
        names = list(_class_names(read_pickle(data)))
    except (PictureError, UnicodeDecodeError) as error:
        raise CatalogError(f"{path} cannot be read: {error}", hint="Download it again.") from error
    if not all(names) or len(set(names)) < max(1, len(names)):
        raise CatalogError(f"{path} has no class names, or duplicate ones.", hint="Download it again.")
    return names


def _class_names(meta: dict[str, object]) -> Iterator[str]:
    names = next((meta[key] for key in _NAMES if key in meta), [])
    for name in names if isinstance(names, list) else []:
        yield normalise_label(name.decode("utf-8") if isinstance(name, bytes) else str(name))


def _named(picture: ScannedFile, path: str, names: Sequence[str]) -> ScannedFile:
    label = int(picture.label or -1)
    if 0 <= label < len(names):
        return picture._replace(label=names[label])
    error = DamagedPicture(
        f"The label is {label}, but {path} has {len(names)} class names.", hint="Download both files again."
    )
    return picture._replace(label=None, error=error.code, message=str(error))
