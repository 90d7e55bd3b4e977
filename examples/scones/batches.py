"""Python batches of CIFAR-100, from a local copy, from pictures of its classes, or from the network."""

import hashlib
import pickle
import shutil
import tarfile
from pathlib import Path
from urllib.request import urlopen

import numpy as np
from PIL import Image

from examples.packs import find_pack
from examples.steps import StepFailed

ADDRESS = "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz"
FOLDER = "cifar-100-python"
FILES = ("meta", "train", "test")
PACK = "scones_bicycle_motorcycle"
CLASSES = {"bicycle": 8, "motorcycle": 48}
"""Our classes, and their numbers among the hundred."""

_MD5 = "eb9058c3a382ffc7106e4002c42a8d85"
_BATCH_MD5 = {"train": "16019d7e3df5f24257cddd939b257f8d", "test": "f0ef6b0ae62326f3e7ffdfab6717acfc"}
_MAX_ARCHIVE, _MAX_FILE = 200 << 20, 256 << 20  # the archive has 161 MiB, and its largest file 149
_SECONDS = 60
_SIDE = 32
_CHUNK = 1 << 20
_REMEDIES = (
    f"Download {ADDRESS} elsewhere and pass it with DATA=path/to/cifar-100-python.tar.gz, or set DISCERN_TEST_DATA to "
    f"a folder with {PACK}/{{train,test}}/{{bicycle,motorcycle}}/."
)


def fetch(source: Path | None, out: Path) -> str:
    """Put the batches into a folder, and return "original" if they are CIFAR-100's own, else "subset".

    Args:
        source: the archive, the unpacked folder, or a folder of {train,test}/{bicycle,motorcycle}/; None for the
            pictures in DISCERN_TEST_DATA or ../shared/data, and else for the network.
        out: folder to create.

    Raises:
        StepFailed: the data cannot be found, downloaded or used.
    """
    out.mkdir()
    source = source if source is not None else find_pack(PACK)
    if source is None:
        archive = download(out.with_name(f"{FOLDER}.tar.gz"))
        unpack(archive, out)
        archive.unlink()
    elif source.is_dir():
        _copy(source, out)
    else:
        unpack(source, out)
    return "original" if all(_md5(out / name) == known for name, known in _BATCH_MD5.items()) else "subset"


def download(path: Path, address: str = ADDRESS, *, md5: str = _MD5, max_bytes: int = _MAX_ARCHIVE) -> Path:
    """Download the archive, check its checksum and return its path.

    Raises:
        StepFailed: it cannot be reached, is too large, or is another file.
    """
    found, size = hashlib.md5(usedforsecurity=False), 0
    try:
        with urlopen(address, timeout=_SECONDS) as response, path.open("wb") as file:
            while chunk := response.read(_CHUNK):
                size += len(chunk)
                if size > max_bytes:
                    raise StepFailed(f"{address} sends more than {max_bytes:,} bytes. {_REMEDIES}")
                found.update(chunk)
                file.write(chunk)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise StepFailed(
            f"There is no local copy of CIFAR-100, and {address} cannot be read: {error}. {_REMEDIES}"
        ) from error
    except StepFailed:
        path.unlink(missing_ok=True)
        raise
    if found.hexdigest() != md5:
        path.unlink()
        raise StepFailed(f"{address} sent another file: its MD5 is {found.hexdigest()}, not {md5}. {_REMEDIES}")
    return path


def unpack(archive: Path, out: Path) -> None:
    """Unpack the three files of the batches, and nothing else.

    Raises:
        StepFailed: the archive does not exist, cannot be read, or lacks one of them.
    """
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                name = member.name.rpartition("/")[2]
                if name in FILES and member.isreg() and not (out / name).exists():
                    if member.size > _MAX_FILE:
                        raise StepFailed(f"{archive} has a file {name} of {member.size:,} bytes. {_REMEDIES}")
                    content = tar.extractfile(member)
                    assert content is not None
                    with content, (out / name).open("wb") as file:
                        shutil.copyfileobj(content, file)
    except (OSError, tarfile.TarError, EOFError) as error:
        raise StepFailed(f"{archive} is not a readable archive: {error}. {_REMEDIES}") from error
    _require(out, archive)


def rebuild(pictures: Path, out: Path) -> None:
    """Write batches in CIFAR-100's format from class folders of pictures of 32 px.

    Args:
        pictures: folder of {train,test}/{bicycle,motorcycle}/.
        out: folder to write to.

    Raises:
        StepFailed: there are no pictures of a class, or one has another size.
    """
    names = [f"class {number}" for number in range(100)]
    for label, number in CLASSES.items():
        names[number] = label
    for part in ("train", "test"):
        files = [
            (path, CLASSES[label]) for label in CLASSES for path in sorted((pictures / part / label).glob("*.png"))
        ]
        if {number for _, number in files} != set(CLASSES.values()):
            raise StepFailed(f"{pictures / part} lacks PNG files of one of: {', '.join(CLASSES)}. {_REMEDIES}")
        rows = [_planes(path) for path, _ in files]
        batch = {
            b"filenames": [path.name.encode() for path, _ in files],
            b"batch_label": f"{part}ing batch 1 of 1".encode(),
            b"fine_labels": [number for _, number in files],
            b"coarse_labels": [18] * len(files),
            b"data": np.stack(rows),
        }
        (out / part).write_bytes(pickle.dumps(batch, protocol=2))
    meta = {b"fine_label_names": [name.encode() for name in names], b"coarse_label_names": [b"vehicles 1"]}
    (out / "meta").write_bytes(pickle.dumps(meta, protocol=2))


def _planes(path: Path) -> np.ndarray:
    """Return the planes of red, green and blue of a picture, one behind the other."""
    with Image.open(path) as image:
        if image.size != (_SIDE, _SIDE):
            raise StepFailed(f"{path} has {image.width} x {image.height} px, not {_SIDE} x {_SIDE}. {_REMEDIES}")
        return np.asarray(image.convert("RGB")).transpose(2, 0, 1).ravel()


def _listed(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.png"))


def _copy(source: Path, out: Path) -> None:
    if (source / "train" / "bicycle").is_dir():
        rebuild(source, out)
        return
    folder = source / FOLDER if (source / FOLDER).is_dir() else source
    for name in FILES:
        if (folder / name).is_file():
            shutil.copyfile(folder / name, out / name)
    _require(out, source)


def _require(out: Path, source: Path) -> None:
    if missing := [name for name in FILES if not (out / name).is_file()]:
        raise StepFailed(f"{source} has no file {missing[0]} of CIFAR-100's python batches. {_REMEDIES}")


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
