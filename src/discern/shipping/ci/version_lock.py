"""Lock of the versions of the installed packages that Discern needs."""

import re
from collections.abc import Iterator
from importlib import metadata

PACKAGE = "discern-vision"
TORCH = ("onnxscript", "optuna", "timm", "torch", "torchvision")
"""Further packages of the methods that train a network."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_HEAD = """\
# Versions with which the model was trained, and to which its bytes belong. Written by `discern ship ci`.
# For digests as well: uv pip compile ci/requirements.txt --generate-hashes --output-file ci/requirements.txt
# If no index of yours has {package}, put the path of its wheel in its place.
"""


def version_lock(*, torch: bool) -> str:
    """Return the versions of Discern and all installed packages that it needs, in the form of `requirements.txt`.

    Args:
        torch: whether PyTorch and what belongs to it are needed as well; those that are not installed are left out.
    """
    found: dict[str, str] = {}
    waiting = [PACKAGE, *(TORCH if torch else ())]
    while waiting:
        name = _normal(waiting.pop())
        if name in found:
            continue
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # needed on another system only
        found[name] = distribution.version
        waiting += _needed(distribution)
    lines = [f"{name}=={version}\n" for name, version in sorted(found.items())]
    return _HEAD.format(package=PACKAGE) + "".join(lines)


def _needed(distribution: metadata.Distribution) -> Iterator[str]:
    """Yield the names of the packages that a distribution needs without extras."""
    for requirement in distribution.requires or ():
        words, _, marker = requirement.partition(";")
        if "extra ==" not in marker and (name := _NAME.match(words.strip())):
            yield name[0]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
