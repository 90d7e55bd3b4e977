"""Package of the function on AWS Lambda: one zip archive, equal for equal content."""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from discern.errors import UsageError
from discern.shipping.compiled_modules import CACHE_TAG, compile_modules, find_python
from discern.shipping.lambda_function.joined_modules import join_modules
from discern.shipping.package_content import discern_files, wheel_files
from discern.shipping.wheel_download import FURTHER_FORMATS, PACKAGES, fetch_wheels, pinned_requirements

BUNDLE = "model.discern"
MAX_UNPACKED_BYTES, MAX_IMAGE_BYTES = 250 << 20, 10 << 30
"""AWS's limits for what an archive unpacks to, and for a container image."""

_FIRST_DAY = (1980, 1, 1, 0, 0, 0)
_FILE = 0o100644 << 16
_UNIX = 3


@dataclass(frozen=True, kw_only=True)
class FunctionPackage:
    """Package of the function, written to a file.

    Attributes:
        path: path of the zip archive.
        requirements: packages in it, with their versions.
        is_compiled: whether its modules are compiled.
        unpacked_bytes: size of its files.
        zipped_bytes: size of the archive.
    """

    path: Path
    requirements: tuple[str, ...]
    is_compiled: bool
    unpacked_bytes: int
    zipped_bytes: int


def build_package(
    bundle: bytes,
    path: Path,
    *,
    architecture: str,
    cache: Path,
    wheels: Path | None = None,
    python: str | None = None,
    further_formats: bool = False,
    max_bytes: int = MAX_UNPACKED_BYTES,
) -> FunctionPackage:
    """Build the package of the function.

    Args:
        bundle: content of the model bundle.
        path: path of the archive to write.
        architecture: "x86_64" or "arm64".
        cache: folder that wheels are cached in.
        wheels: folder of wheels to use without any download; None to ask the package index.
        python: interpreter that compiles the modules; None to look for one.
        further_formats: whether AVIF and HEIC pictures are read as well.
        max_bytes: unpacked size of the package, at most.

    Raises:
        UsageError: a wheel cannot be obtained, or the package is larger than AWS allows.
    """
    compiler = find_python(python)
    requirements = pinned_requirements((*PACKAGES, *(FURTHER_FORMATS if further_formats else ())))
    found = fetch_wheels(requirements, architecture, cache=cache, wheels=wheels)
    with TemporaryDirectory(prefix="discern-package-") as temporary:
        folder = Path(temporary)
        for wheel in found:
            _write_all(folder, dict(wheel_files(wheel, further_formats=further_formats)))
        _write_all(folder, discern_files())
        if compiler is not None:
            compile_modules(folder, compiler)
            join_modules(folder, CACHE_TAG)
        _write_all(folder, {BUNDLE: bundle})
        _require_size(folder, max_bytes)
        unpacked = write_archive(folder, path)
    return FunctionPackage(
        path=path,
        requirements=tuple(requirements),
        is_compiled=compiler is not None,
        unpacked_bytes=unpacked,
        zipped_bytes=path.stat().st_size,
    )


def write_archive(folder: Path, path: Path) -> int:
    """Write the files of a folder to a zip archive that depends on their names and contents alone.

    Returns:
        Size of the files in bytes.
    """
    names = sorted(each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file())
    total = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in names:
            data = (folder / name).read_bytes()
            entry = zipfile.ZipInfo(name, _FIRST_DAY)
            entry.external_attr, entry.create_system, entry.compress_type = _FILE, _UNIX, zipfile.ZIP_DEFLATED
            archive.writestr(entry, data, compresslevel=9)
            total += len(data)
    return total


def _require_size(folder: Path, max_bytes: int) -> None:
    found = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    if found > max_bytes:
        hint = "Deploy it as a container with --image." if max_bytes < MAX_IMAGE_BYTES else "Train a smaller model."
        raise UsageError(
            f"The function has {found / 1e6:,.0f} MB; AWS Lambda allows {max_bytes / 1e6:,.0f} MB at most.", hint=hint
        )


def _write_all(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
