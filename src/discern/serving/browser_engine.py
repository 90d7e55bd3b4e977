"""Functions that download and cache ONNX Runtime for browsers."""

import base64
import hashlib
import io
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from discern.atomic import atomic_write
from discern.errors import UsageError
from discern.picture import read_bounded
from discern.progress import Progress, silent
from discern.store import ENGINES, private_folder

STAGE = "download with npm"
_TIMEOUT_SECONDS = 600
_MAX_BYTES = 1 << 28


@dataclass(frozen=True, kw_only=True)
class Package:
    """npm package that is pinned to a version and a hash.

    Attributes:
        name: name of the package.
        version: exact version.
        integrity: sha512 of its archive, in npm's notation.
        files: paths in the archive that are extracted, with their new names.
    """

    name: str
    version: str
    integrity: str
    files: dict[str, str]

    @property
    def archive(self) -> str:
        """Return the file name of the npm archive."""
        return f"{self.name}-{self.version}.tgz"

    @property
    def spec(self) -> str:
        """Return the package specifier that npm uses to download the package."""
        return f"{self.name}@{self.version}"


ENGINE = Package(
    name="onnxruntime-web",
    version="1.30.0",
    integrity="sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ==",
    # Some hosts serve .mjs files with a media type that browsers reject.
    files={
        "package/dist/ort.wasm.bundle.min.mjs": "onnxruntime.js",
        "package/dist/ort-wasm-simd-threaded.wasm": "onnxruntime.wasm",
    },
)


def load_engine(
    cache: Path, *, archive: Path | None = None, package: Package = ENGINE, progress: Progress = silent
) -> dict[str, bytes]:
    """Load the ONNX Runtime files that run a model in the browser.

    Args:
        cache: directory of the cache; not used with `archive`.
        archive: copy of the archive; None for the cached one, or a download with npm.
        package: package to load.
        progress: called before a download, which can take a minute.

    Returns:
        Content of the files, by name.

    Raises:
        UsageError: the archive cannot be read or downloaded, or has another hash.
    """
    if archive is not None:
        return _unpack(_read(archive, package), package)
    cached = cache / ENGINES / package.archive
    if cached.is_file() and _integrity(data := cached.read_bytes()) == package.integrity:
        return _unpack(data, package)
    progress(STAGE, 0, None)
    return _unpack(_download(cached, package), package)


def cached_engines(cache: Path) -> dict[Path, int]:
    """Return the cached npm archives and interrupted downloads with their sizes in bytes."""
    return {path: path.stat().st_size for path in sorted((cache / ENGINES).rglob("*")) if path.is_file()}


def _integrity(data: bytes) -> str:
    return "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()


def _read(path: Path, package: Package) -> bytes:
    try:
        data = read_bounded(path, max_bytes=_MAX_BYTES)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", hint=_remedy(package)) from error
    return _require_pinned(data, str(path), package)


def _require_pinned(data: bytes, where: str, package: Package) -> bytes:
    if _integrity(data) != package.integrity:
        raise UsageError(f"{where} is not {package.spec} as published: its sha512 differs.", hint=_remedy(package))
    return data


def _remedy(package: Package) -> str:
    return f"Run `npm pack {package.spec}` on any machine, and pass the resulting {package.archive} with --runtime."


def _download(cached: Path, package: Package) -> bytes:
    npm = shutil.which("npm")
    if npm is None:
        raise UsageError(
            f"A model in the browser needs the npm package {package.spec}, and npm is not installed.",
            hint=f"Install Node.js, or: {_remedy(package)}",
        )
    private_folder(cached.parent.parent, ENGINES)
    with tempfile.TemporaryDirectory(dir=cached.parent) as folder:
        _npm_pack(npm, Path(folder), package)
        downloaded = Path(folder) / package.archive
        data = _require_pinned(downloaded.read_bytes(), "The archive that npm downloaded", package)
    with atomic_write(cached, private=True) as temporary:
        temporary.write_bytes(data)
    return data


def _npm_pack(npm: str, folder: Path, package: Package) -> None:
    command = [npm, "pack", package.spec, "--pack-destination", str(folder), "--ignore-scripts", "--loglevel=error"]
    # Discern caches the archive; npm's own cache, logs and search for updates would leave files in the user's home.
    command += [f"--cache={folder / 'npm'}", "--no-update-notifier"]
    command += ["--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=60000"]
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and no untrusted argument
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
        )
        why = "" if done.returncode == 0 else _last_error(done.stderr) or f"exit code {done.returncode}"
    except (OSError, subprocess.TimeoutExpired) as error:
        why = str(error)
    if why or not (folder / package.archive).is_file():
        raise UsageError(
            f"npm could not download {package.spec} ({why or 'it wrote no archive'}).",
            hint=f"Is this machine offline? {_remedy(package)}",
        )


def _last_error(text: str) -> str:
    lines = [line.removeprefix("npm error ").strip() for line in text.splitlines()]
    messages = [line for line in lines if line and not line.startswith(("A complete log", "npm warn"))]
    return messages[-1][:200] if messages else ""


def _unpack(data: bytes, package: Package) -> dict[str, bytes]:
    files = {}
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        for inside, name in package.files.items():
            member = archive.extractfile(inside)
            assert member is not None, "the archive has the pinned hash"
            files[name] = member.read()
    return files
