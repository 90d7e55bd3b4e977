"""Functions that locate files of pretrained weights."""

import hashlib
import os
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from discern.errors import BackboneError
from discern.features.backbones.network_settings import NetworkSettings

FOLDER = "DISCERN_WEIGHTS"
"""Environment variable with a folder of weights, where they are looked for by the network's name."""

SUFFIXES = (".safetensors", ".pth", ".pt", ".bin")
_DIGEST_AT_END = re.compile("(.+)-[0-9a-f]{8,}")
_STEMS_IN_FOLDER = ("model", "pytorch_model")
_WEIGHTS_IN_FOLDER = ("model.safetensors", "pytorch_model.bin")  # as the Hugging Face hub names them


class WeightsNotFound(BackboneError):
    """Error raised for weights that are in none of the places to search."""


def locate_weights(network: str, given: Path | None, environment: Mapping[str, str] = os.environ) -> Path:
    """Locate the weights of a network: the given file, or one in the folder that `DISCERN_WEIGHTS` names.

    Args:
        network: name of the network in its library, such as "resnet50" or "resnet50.a1_in1k".
        given: path of a file, or of a folder to search in place of `DISCERN_WEIGHTS`; None without one.
        environment: environment variables.

    Raises:
        WeightsNotFound: the folder does not have them; the message lists the names that were looked for.
        BackboneError: there is no such file, or there are several.
    """
    if given is not None and not given.is_dir():
        return _require_file(given)
    named = environment.get(FOLDER)
    if given is None and not named:
        raise WeightsNotFound(f"The weights of {network} are not at hand: {FOLDER} is not set.", hint=_remedy(network))
    folder = Path(named or "").expanduser() if given is None else given
    found = list_weights(network, folder)
    if len(found) > 1:
        raise BackboneError(
            f"The folder {folder} has several files of weights for {network}: {_join(found)}.",
            hint="Choose one with --weights FILE.",
        )
    if not found:
        looked_for = ", ".join((*(f"{network}{suffix}" for suffix in SUFFIXES), f"{network}/{_WEIGHTS_IN_FOLDER[0]}"))
        state = "has none of" if folder.is_dir() else "does not exist; looked for"
        raise WeightsNotFound(
            f"The weights of {network} are not at hand: the folder {folder} {state} {looked_for}.",
            hint=_remedy(network),
        )
    return found[0]


def list_weights(network: str, folder: Path) -> list[Path]:
    """List the files in a folder that are named as weights of a network.

    The names are those of the network alone, or with the digest that torchvision appends (`resnet50-11ad3fa6.pth`), or
    with the tag of timm (`resnet50.a1_in1k.safetensors`), or those of a folder of the Hugging Face hub.
    """
    base, tagged = network.partition(".")[0], "." in network
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and path.is_file())
        inside = [folder / each / name for each in dict.fromkeys((network, base)) for name in _WEIGHTS_IN_FOLDER]
        exact = [path for path in files if path.stem == network] or [path for path in inside if path.is_file()][:1]
    except OSError:
        return []
    named = [path for path in files if _is_variant(path.stem, base) and (not tagged or "." not in path.stem)]
    return exact or named


def list_unexported(
    exported: Container[str], environment: Mapping[str, str] = os.environ
) -> Iterator[tuple[str, Path, str]]:
    """List the files of weights in the folder `DISCERN_WEIGHTS` that were not exported.

    Args:
        exported: SHA-256 digests of the weights that were.
        environment: environment variables.

    Yields:
        The name of the backbone, the file, and the licence in the settings beside it, empty if there is none. Names
        with a digest are those of torchvision; of others, the library is not known, and timm is assumed.
    """
    if not environment.get(FOLDER):
        return
    folder = Path(environment[FOLDER]).expanduser()
    files = {
        path: path.parent.name if path.stem in _STEMS_IN_FOLDER else path.stem
        for pattern in ("*", *(f"*/{name}" for name in _WEIGHTS_IN_FOLDER))
        for path in sorted(folder.glob(pattern))
        if path.suffix in SUFFIXES and path.is_file()
    }
    for path, name in files.items():
        digest = _DIGEST_AT_END.fullmatch(name)
        label = f"torchvision/{digest[1]}" if digest and path.suffix == ".pth" else f"timm/{name}"
        with suppress(BackboneError):
            if read_weights_digest(path) not in exported:
                yield label, path, NetworkSettings.read(path).licence


def read_weights_digest(path: Path) -> str:
    """Compute the SHA-256 digest of a file of weights.

    Raises:
        BackboneError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BackboneError(f"The weights {path} cannot be read: {error.strerror}.") from error


def _is_variant(stem: str, base: str) -> bool:
    name, _, digest = stem.partition("-")
    return (name == base and (not digest or digest.isalnum())) or stem.partition(".")[0] == base


def _require_file(path: Path) -> Path:
    if not path.is_file():
        raise BackboneError(f"There is no file of weights {path}.", hint="Pass the path of the file with --weights.")
    if path.suffix.lower() not in SUFFIXES:
        raise BackboneError(
            f"The file {path} is not known as weights by its name.",
            hint=f"Pass a state dict in a file with one of the suffixes {', '.join(SUFFIXES)}.",
        )
    return path


def _remedy(network: str) -> str:
    names = f"{network}.safetensors or {network}.pth"
    return f"Pass a file with --weights, or put {names} into a folder and set {FOLDER} to it."


def _join(paths: Sequence[Path]) -> str:
    return ", ".join(path.name for path in paths)
