"""Wheels of the packages that a function needs, for its own platform instead of this one."""

import hashlib
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from discern.atomic import atomic_folder
from discern.errors import UsageError

PYTHON = "3.12"
"""Version of the managed Python that the function runs on."""

ARCHITECTURES = {"x86_64": "x86_64", "arm64": "aarch64"}
"""Architectures of AWS Lambda, with their names in wheels."""

PACKAGES = ("numpy", "pillow", "onnxruntime", "python-multipart")
FURTHER_FORMATS = ("pi-heif",)

_GLIBC = range(17, 35)  # manylinux_2_17 to the 2.34 of Amazon Linux 2023
_OFFLINE = "Check the network, or pass a folder of wheels with --wheels."


def pinned_requirements(packages: Sequence[str]) -> list[str]:
    """Return requirements for the versions that are installed here, so that answers are the same.

    Raises:
        UsageError: a package is not installed.
    """
    try:
        return [f"{name}=={version(name)}" for name in packages]
    except PackageNotFoundError as error:
        raise UsageError(f"{error.name} is not installed here.", hint="Install discern-vision again.") from error


def fetch_wheels(
    requirements: Sequence[str], architecture: str, *, cache: Path, wheels: Path | None = None
) -> list[Path]:
    """Return the wheels of requirements for a platform, downloaded with pip unless they are cached.

    Args:
        requirements: pinned requirements, such as "numpy==2.4.6".
        architecture: a key of `ARCHITECTURES`.
        cache: folder that downloads are cached in.
        wheels: folder of wheels to use without any download; None to ask the package index.

    Raises:
        UsageError: a wheel cannot be obtained.
    """
    wanted = "\n".join([PYTHON, architecture, *requirements])
    folder = cache / "wheels" / hashlib.sha256(wanted.encode()).hexdigest()[:16]
    if wheels is None and folder.is_dir():
        return sorted(folder.glob("*.whl"))
    folder.parent.mkdir(parents=True, exist_ok=True)
    if wheels is None:
        with atomic_folder(folder) as unfinished:
            _download(requirements, architecture, unfinished)
        return sorted(folder.glob("*.whl"))
    if not wheels.is_dir():
        raise UsageError(f"There is no folder of wheels at {wheels}.", hint="Check the path of --wheels.")
    return [_find(wheels, requirement, architecture) for requirement in requirements]


def _find(wheels: Path, requirement: str, architecture: str) -> Path:
    """Find the wheel of a pinned requirement in a folder."""
    name, _, pinned = requirement.partition("==")
    stem = f"{name.replace('-', '_')}-{pinned}-"
    machine, tag = ARCHITECTURES[architecture], f"cp{PYTHON.replace('.', '')}-"
    for path in sorted(wheels.glob(f"{stem}*.whl")):
        if path.name.endswith("-none-any.whl") or (path.name.endswith(f"_{machine}.whl") and f"-{tag}" in path.name):
            return path
    raise UsageError(
        f"{wheels} has no wheel of {requirement} for Python {PYTHON} on {architecture}.",
        hint=f"Download it with: pip download {requirement} --no-deps --python-version {PYTHON} --platform "
        f"manylinux_2_28_{machine}",
    )


def _download(requirements: Sequence[str], architecture: str, folder: Path) -> None:
    if find_spec("pip") is None:
        hint = f"Install it with: {Path(sys.executable).name} -m ensurepip"
        raise UsageError("Wheels are downloaded with pip, which this environment does not have.", hint=hint)
    machine = ARCHITECTURES[architecture]
    platforms = [f"--platform=manylinux_2_{minor}_{machine}" for minor in reversed(_GLIBC)]
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--no-input"),
        *("--disable-pip-version-check", "--implementation=cp", f"--python-version={PYTHON}", f"--dest={folder}"),
        *(*platforms, f"--platform=manylinux2014_{machine}", *requirements),
    ]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603 - ours
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
        reason = lines[-1].removeprefix("ERROR: ") if lines else f"pip ends with code {done.returncode}"
        raise UsageError(f"The packages of the function cannot be downloaded: {reason}", hint=_OFFLINE)
