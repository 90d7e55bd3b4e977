"""Files of the hub that are already on this machine."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from discern.errors import BackboneError
from discern.features.backbones.hub_address import HubFile

MAX_BYTES = 1 << 30
"""Largest file that is downloaded or read if its size is not known."""

SNAPSHOTS = "snapshots"


def read_provided(file: HubFile, environment: Mapping[str, str]) -> bytes | None:
    """Read a file from the user's folder of weights, or from the cache of the hub's own client.

    Returns:
        Its content, which has the pinned digest; None if neither has the file.

    Raises:
        BackboneError: the folder of weights has another file under its name.
    """
    if folder := environment.get("DISCERN_WEIGHTS"):
        path = Path(folder) / file.name
        if path.exists():
            if (data := read_file(path, file)) is not None:
                return data
            raise BackboneError(
                f"{path} is not {file.path} of {file.repository} at the commit {file.commit}.",
                hint=f"Replace it by the file with the sha256 {file.sha256}, or remove it.",
            )
    return read_file(client_folder(file.repository, environment) / SNAPSHOTS / file.commit / file.path, file)


def read_file(path: Path, file: HubFile) -> bytes | None:
    """Read a file if it has the pinned content."""
    data = b"".join(_blocks(path, file))
    return data if hashlib.sha256(data).hexdigest() == file.sha256 else None


def has_file(path: Path, file: HubFile) -> bool:
    """Check whether a path is a file with the pinned content."""
    digest = hashlib.sha256()
    for block in _blocks(path, file):
        digest.update(block)
    return digest.hexdigest() == file.sha256


def client_folder(repository: str, environment: Mapping[str, str]) -> Path:
    """Return the folder of a repository in the cache of the hub's own client."""
    if folder := environment.get("HF_HUB_CACHE"):
        cache = Path(folder)
    else:
        home = environment.get("HF_HOME") or f"{environment.get('XDG_CACHE_HOME') or '~/.cache'}/huggingface"
        cache = Path(home) / "hub"
    return cache.expanduser() / f"models--{repository.replace('/', '--')}"


def _blocks(path: Path, file: HubFile) -> Iterator[bytes]:
    path = path.expanduser()
    try:
        if path.is_file() and path.stat().st_size <= (file.size or MAX_BYTES):
            with path.open("rb") as stream:
                while block := stream.read(1 << 20):
                    yield block
    except OSError as error:
        raise BackboneError(f"The weights {path} cannot be read: {error.strerror}.") from error
