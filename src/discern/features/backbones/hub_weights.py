"""Weights of timm's networks on the Hugging Face hub.

No digest of them is known beforehand. The one that the hub states is checked while they are received, recorded beside
them, and checked whenever they are used.
"""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from discern.atomic import atomic_write
from discern.errors import BackboneError, StoreError
from discern.features.backbones.hub_address import Endpoint, HubFile, find_endpoint, is_offline
from discern.features.backbones.hub_download import fetch_path
from discern.features.backbones.hub_files import SNAPSHOTS, client_folder, has_file
from discern.features.backbones.hub_response import describe_file
from discern.progress import Progress
from discern.store import WEIGHTS, private_folder

OWNER = "timm"
FILE = "model.safetensors"
MAX_BYTES = 1 << 32
_PREFIX = f"{OWNER}--"
_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class HubWeights:
    """Weights of a network from the hub.

    Attributes:
        path: file on this machine.
        network: name of the network with its tag, such as "resnet50.a1_in1k".
        file: the file on the hub, with its commit and its digest.
    """

    path: Path
    network: str
    file: HubFile

    def describe(self) -> str:
        """Describe where the weights come from."""
        return (
            f"{self.file.path} of {self.file.repository} on the Hugging Face hub, commit {self.file.commit[:12]}, "
            f"sha256 {self.file.sha256[:16]}, as stated by the hub when they were fetched"
        )


def find_hub_weights(
    network: str, cache: Path, environment: Mapping[str, str], progress: Progress
) -> HubWeights | None:
    """Find weights that were fetched earlier, by Discern or by the hub's own client.

    Args:
        network: name of a network of timm, with or without a tag.
        cache: cache directory.
        environment: environment variables.
        progress: called if damaged weights are fetched again.

    Raises:
        BackboneError: there are those of several tags, or they are damaged and cannot be fetched again.
    """
    kept = {file.repository.partition("/")[2]: file for file in _read_records(cache, network)}
    if len(kept) > 1:
        raise BackboneError(
            f"The cache has weights with several tags for {network}: {', '.join(sorted(kept))}.",
            hint="Add the tag to the name of the backbone.",
        )
    for name, file in kept.items():
        return HubWeights(path=fetch_path(file, cache, environment, progress), network=name, file=file)
    return _find_in_client_cache(network, environment)


def fetch_hub_weights(network: str, cache: Path, environment: Mapping[str, str], progress: Progress) -> HubWeights:
    """Fetch the weights of a network from the hub, at the newest commit.

    Args:
        network: name of the network with its tag.
        cache: cache directory.
        environment: environment variables.
        progress: called with the megabytes received and all of them.

    Raises:
        BackboneError: the hub does not have them or cannot be reached, or requests are forbidden.
        StoreError: the cache cannot be written.
    """
    endpoint, repository = find_endpoint(environment), f"{OWNER}/{network}"
    if is_offline(environment):
        raise BackboneError("HF_HUB_OFFLINE forbids their download.", hint=_remedy(endpoint, network))
    try:
        file = describe_file(endpoint, repository, FILE, name=f"{_PREFIX}{network}.safetensors", most=MAX_BYTES)
    except BackboneError as error:
        raise BackboneError(error.message, hint=f"{error.hint} {_remedy(endpoint, network)}".strip()) from error
    path = fetch_path(file, cache, environment, progress)
    record = private_folder(cache, WEIGHTS) / f"{_PREFIX}{network}.json"
    try:
        with atomic_write(record, private=True) as unfinished:
            unfinished.write_text(json.dumps(asdict(file), indent=1))
    except OSError as error:
        raise StoreError(f"{record} cannot be written: {error.strerror}.", hint="Free disk space.") from error
    return HubWeights(path=path, network=network, file=file)


def _remedy(endpoint: Endpoint, network: str) -> str:
    address = f"{endpoint.address}/{OWNER}/{network}/resolve/main/{FILE}"
    return f"On a machine with a network, download {address}, and save it as {network}.safetensors."


def _read_records(cache: Path, network: str) -> list[HubFile]:
    """Read the records of the weights of a network that were fetched; damaged ones are left out."""
    records = []
    for path in sorted((cache / WEIGHTS).glob(f"{_PREFIX}*.json")):
        name = path.stem.removeprefix(_PREFIX)
        if network in (name, name.partition(".")[0]):
            with suppress(OSError, ValueError, TypeError):
                file = HubFile(**json.loads(path.read_bytes()))
                is_named = file.name == f"{path.stem}.safetensors"
                if is_named and _DIGEST.fullmatch(file.sha256) and isinstance(file.size, int):
                    records.append(file)
    return records


def _find_in_client_cache(network: str, environment: Mapping[str, str]) -> HubWeights | None:
    """Find weights that the hub's own client fetched, if they have the digest by which it names them."""
    pattern = client_folder(f"{OWNER}/{network}{'' if '.' in network else '.*'}", environment)
    found = []
    for folder in sorted(pattern.parent.glob(pattern.name)):
        with suppress(OSError, BackboneError):
            commit = (folder / "refs/main").read_text().strip()
            path = folder / SNAPSHOTS / commit / FILE
            sha256 = path.resolve(strict=True).name
            name = folder.name.rpartition("--")[2]
            size = path.stat().st_size
            file = HubFile(
                name=f"{_PREFIX}{name}.safetensors",
                repository=f"{OWNER}/{name}",
                commit=commit,
                path=FILE,
                sha256=sha256,
                size=size,
            )
            if size <= MAX_BYTES and has_file(path, file):
                found.append(HubWeights(path=path, network=name, file=file))
    return found[0] if len(found) == 1 else None
