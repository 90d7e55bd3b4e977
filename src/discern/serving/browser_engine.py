"""ONNX Runtime for browsers: taken through the user's npm, compared with what is known of it, and kept."""

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
from discern.progress import Progress, silent

STAGE = "fetch by npm"
_FOLDER = "engines"
_SECONDS = 600


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package of the npm registry, as it must be.

    Attributes:
        name: its name.
        version: its version.
        integrity: sha512 of its archive, as npm writes it.
        files: which of its files are taken, and what they are called then.
    """

    name: str
    version: str
    integrity: str
    files: dict[str, str]

    @property
    def archive(self) -> str:
        """What npm calls its archive."""
        return f"{self.name}-{self.version}.tgz"

    @property
    def wanted(self) -> str:
        """What npm is asked for."""
        return f"{self.name}@{self.version}"


ENGINE = Package(
    name="onnxruntime-web",
    version="1.30.0",
    integrity="sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ==",
    # Some hosts give .mjs files a type that browsers refuse.
    files={
        "package/dist/ort.wasm.bundle.min.mjs": "onnxruntime.js",
        "package/dist/ort-wasm-simd-threaded.wasm": "onnxruntime.wasm",
    },
)


def take_engine(
    cache: Path, *, given: Path | None = None, package: Package = ENGINE, progress: Progress = silent
) -> dict[str, bytes]:
    """Give the engine's files by name.

    Args:
        cache: the folder in which the archive is kept.
        given: a copy of the archive; None: the one in the cache, else what npm gives.
        package: which one.
        progress: is told when npm is asked, which may take a minute.

    Raises:
        UsageError: it cannot be had, or it is not the one that is known.
    """
    if given is not None:
        return _unpack(_read(given, package), package)
    kept = cache / _FOLDER / package.archive
    if kept.is_file() and _integrity(data := kept.read_bytes()) == package.integrity:
        return _unpack(data, package)
    progress(STAGE, 0, None)
    return _unpack(_fetch(kept, package), package)


def kept_engines(cache: Path) -> dict[Path, int]:
    """What a cache holds of engines, also of one whose fetching was killed: paths, with their bytes."""
    return {path: path.stat().st_size for path in sorted((cache / _FOLDER).rglob("*")) if path.is_file()}


def _integrity(data: bytes) -> str:
    return "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()


def _read(path: Path, package: Package) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", hint=_elsewhere(package)) from error
    return _require_known(data, str(path), package)


def _require_known(data: bytes, where: str, package: Package) -> bytes:
    if _integrity(data) != package.integrity:
        raise UsageError(
            f"{where} is not {package.wanted} as it was published: its sha512 is another.", hint=_elsewhere(package)
        )
    return data


def _elsewhere(package: Package) -> str:
    return f"Get {package.archive} by `npm pack {package.wanted}`, on any machine, and name it with --runtime."


def _fetch(kept: Path, package: Package) -> bytes:
    npm = shutil.which("npm")
    if npm is None:
        raise UsageError(
            f"A model in the browser needs {package.wanted}, which comes through npm, and npm is not installed.",
            hint=f"Install Node.js. Or: {_elsewhere(package)}",
        )
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        _ask(npm, Path(folder), package)
        fetched = Path(folder) / package.archive
        data = _require_known(fetched.read_bytes(), "What npm gave", package)
    with atomic_write(kept) as unfinished:
        unfinished.write_bytes(data)
    return data


def _ask(npm: str, folder: Path, package: Package) -> None:
    command = [npm, "pack", package.wanted, "--pack-destination", str(folder), "--ignore-scripts", "--loglevel=error"]
    command += ["--prefer-offline", "--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=60000"]
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and nothing that a stranger gave
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        why = "" if done.returncode == 0 else _last_line(done.stderr) or f"it ended with {done.returncode}"
    except (OSError, subprocess.TimeoutExpired) as error:
        why = str(error)
    if why or not (folder / package.archive).is_file():
        raise UsageError(
            f"npm could not give {package.wanted} ({why or 'it wrote no archive'}).",
            hint=f"Is this machine offline? {_elsewhere(package)}",
        )


def _last_line(text: str) -> str:
    """What npm says of an error, without where its log is."""
    lines = [line.removeprefix("npm error ").strip() for line in text.splitlines()]
    said = [line for line in lines if line and not line.startswith(("A complete log", "npm warn"))]
    return said[-1][:200] if said else ""


def _unpack(data: bytes, package: Package) -> dict[str, bytes]:
    taken = {}
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        for inside, name in package.files.items():
            member = archive.extractfile(inside)
            assert member is not None, "the archive is the one that is known"
            taken[name] = member.read()
    return taken
