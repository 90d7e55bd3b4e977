"""Weights of a network of timm or torchvision: from a file, a folder, or the hub."""

import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from discern.errors import BackboneError
from discern.extras import INSTALL_TORCH
from discern.features.backbones.hub_weights import HubWeights, fetch_hub_weights, find_hub_weights
from discern.features.backbones.weight_files import WeightsNotFound, locate_weights, read_weights_digest
from discern.progress import Progress

_NAMED_DIGEST = re.compile(r".+-([0-9a-f]{8,})")
_DATE = re.compile(r"(?:19|20)\d{6}")


@dataclass(frozen=True, kw_only=True)
class LibraryWeights:
    """File of weights of a network.

    Attributes:
        path: the file.
        sha256: digest of its content.
        network: name of the network to build, with its tag if that is known.
        source: origin of the weights, in words.
        is_published: whether they are those that the library publishes under the name.
    """

    path: Path
    sha256: str
    network: str
    source: str
    is_published: bool


def find_weights(
    library: str,
    network: str,
    given: Path | None,
    *,
    cache: Path,
    environment: Mapping[str, str],
    progress: Progress,
) -> LibraryWeights:
    """Find the weights of a network, in a given file or folder, in `DISCERN_WEIGHTS`, or on the hub for timm.

    Args:
        library: "timm" or "torchvision".
        network: name of the network there, for timm with or without a tag.
        given: file, or folder to search; None without one.
        cache: cache directory, for files of the hub.
        environment: environment variables.
        progress: called with the megabytes of a download received and all of them.

    Raises:
        BackboneError: they are not available, or damaged; the message says where they were looked for.
        StoreError: the cache cannot be written.
    """
    try:
        path = locate_weights(network, given, environment)
    except WeightsNotFound as absent:
        if given is None and library == "timm":
            return _of_hub(_search_hub(network, absent, cache=cache, environment=environment, progress=progress))
        raise WeightsNotFound(absent.message, hint=f"{absent.hint} {_published_at(library, network)}".strip()) from None
    sha256 = read_weights_digest(path)
    _check_named_digest(path, sha256)
    tagged = path.stem if library == "timm" and "." not in network and path.stem.startswith(f"{network}.") else network
    return LibraryWeights(
        path=path,
        sha256=sha256,
        network=tagged,
        source=f"weights {path.name}, sha256 {sha256[:16]}",
        is_published=False,
    )


def missing_libraries() -> list[str]:
    """List the libraries that an export needs and that are not installed."""
    needed = ("torch", "torchvision", "timm", "onnxscript", "safetensors")
    return [each for each in needed if importlib.util.find_spec(each) is None]


def _of_hub(found: HubWeights) -> LibraryWeights:
    return LibraryWeights(
        path=found.path, sha256=found.file.sha256, network=found.network, source=found.describe(), is_published=True
    )


def _search_hub(
    network: str, absent: BackboneError, *, cache: Path, environment: Mapping[str, str], progress: Progress
) -> HubWeights:
    if (found := find_hub_weights(network, cache, environment, progress)) is not None:
        return found
    if missing := missing_libraries():
        raise BackboneError(
            f"{absent.message} They were not looked for on the hub, as {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} not installed, which export them.",
            hint=f"Install what is missing: {INSTALL_TORCH}",
        ) from absent
    from discern.features.backbones.library_names import (  # noqa: PLC0415 - torch takes seconds
        published_name,
        require_network,
    )

    require_network("timm", network)
    try:
        return fetch_hub_weights(published_name(network), cache, environment, progress)
    except BackboneError as error:
        raise BackboneError(f"{absent.message} {error.message}", hint=f"{error.hint} {absent.hint}") from error


def _published_at(library: str, network: str) -> str:
    """Say where a library publishes the weights of a network, as far as it is installed."""
    if missing_libraries():
        return ""
    from discern.features.backbones.library_names import published_address  # noqa: PLC0415 - torch takes seconds

    address = published_address(library, network)
    return f"{library} publishes {address}." if address else ""


def _check_named_digest(path: Path, sha256: str) -> None:
    """Check the digest in a name such as `resnet50-11ad3fa6.pth`, as torchvision writes it."""
    named = _NAMED_DIGEST.fullmatch(path.stem)
    if named and path.suffix == ".pth" and not _DATE.fullmatch(named[1]) and not sha256.startswith(named[1]):
        raise BackboneError(
            f"The weights {path} are damaged: their sha256 begins with {sha256[: len(named[1])]}, and their name says "
            f"{named[1]}.",
            hint="Download them again; if the name does not end with a digest, rename the file.",
        )
