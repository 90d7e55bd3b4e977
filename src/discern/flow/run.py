"""Run folders that hold the output files of a command, with atomic writes and process locks."""

import hashlib
import json
import logging
import os
import re
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Self

from filelock import FileLock, Timeout
from polars.exceptions import PolarsError

from discern._version import __version__
from discern.atomic import atomic_write, is_unfinished
from discern.buckets.bucket_address import find_bucket_address
from discern.errors import DataError, DiscernError, RunError, RunStopped
from discern.flow.bucket_outputs import RunsInBucket
from discern.flow.bucket_paths import resolve_source
from discern.flow.paths import is_file, is_folder, resolve_output, resolve_path
from discern.progress import Progress
from discern.store import is_cache_folder

FORMAT = 1
_LOG = logging.getLogger("discern.runs")
_DIGESTS = "digests"
_WRITTEN = {"config": dict, "seconds": dict, "status": str, "versions": dict}
_LONGEST_NAME = 200
# Names of unfinished files in earlier versions.
_UNFINISHED = re.compile(r"\.\d+\..+|\..+\.\d+\.tmp")
_LIBRARIES = ("numpy", "onnx", "onnxruntime", "pillow", "polars", "scikit-learn", "scipy")


@dataclass
class Run:
    """Folder of a command's output files, locked by one process at a time.

    Attributes:
        folder: absolute path.
        facts: contents of `run.json`.
        is_new: whether this process created the run; False if it was resumed.
        remote: folder of runs in a bucket, to which the run is copied when its lock is released; None for none.
    """

    folder: Path
    facts: dict[str, Any] = field(default_factory=dict)
    is_new: bool = False
    remote: RunsInBucket | None = None

    @classmethod
    def create(
        cls, source: str | Path, *, name: str | None, runs: str | Path, resume: bool, config: dict[str, Any]
    ) -> Self:
        """Create a run folder, or reopen the folder of an interrupted run.

        Args:
            source: source of the pictures; without a name, the run is named after it with a free number.
            name: name of the run, or None.
            runs: folder of all runs, or its address in a bucket.
            resume: resume the interrupted run of that name.
            config: options of the command, which a resumed run must share.

        Raises:
            UsageError: `source` or `runs` is an invalid path.
            RunError: the name is taken, the run to resume has other options, or the folder cannot be written.
        """
        address = find_bucket_address(runs)
        remote = None if address is None else RunsInBucket(address)
        if remote is not None:
            remote.prepare(name, resume=resume)
        runs = resolve_output(runs) if remote is None else remote.folder
        try:
            run = cls._find(resolve_source(source), name=name, runs=runs, resume=resume, config=config)
            run.remote = remote
        except OSError as error:
            reason = "it is not a folder" if os.path.lexists(runs) and not is_folder(runs) else error.strerror
            raise RunError(
                f"Cannot write to the runs folder {runs}: {reason}.",
                hint="Choose a writable folder with --runs.",
            ) from error
        return run

    @classmethod
    def _find(cls, source: str, *, name: str | None, runs: Path, resume: bool, config: dict[str, Any]) -> Self:
        if name is None and resume:
            raise RunError("`--resume` needs a run.", hint="Pass --name with the name of its folder in runs.")
        if name is None:
            return cls._start(_number(runs, Path(source)), source, config)
        if Path(name).name != name or name in {"", ".", ".."} or not name.isprintable() or _too_long(name):
            raise RunError(f"Invalid run name: {name!r}.", hint="Use a plain name, and --runs for the folder.")
        folder = runs / name
        if resume and (folder / "run.json").exists():
            return cls._resume(folder, config)
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            # A run killed before it wrote run.json leaves hidden files at most.
            if not resume or any(not path.name.startswith(".") for path in folder.iterdir()):
                if resume:
                    raise RunError(f"{folder} exists and is not a run.", hint="Choose another --name.") from None
                hint = "Choose another --name, or resume the run with --resume."
                raise RunError(f"There is already a run at {folder}.", hint=hint) from None
        return cls._start(folder, source, config)

    @classmethod
    def _start(cls, folder: Path, source: str, config: dict[str, Any]) -> Self:
        run = cls(folder, is_new=True)
        run.facts = {
            "format": FORMAT,
            "name": folder.name,
            "status": "running",
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "source": source,
            "config": config,
            "versions": versions(),
            "seconds": {},
        }
        run.save()
        return run

    @classmethod
    def _resume(cls, folder: Path, config: dict[str, Any]) -> Self:
        facts = _read(folder)
        if facts.get("format") != FORMAT:
            raise RunError(f"{folder} has another format.", hint="Upgrade Discern, or start a new run.")
        before, after = _flat(json.loads(json.dumps(config))), _flat(facts["config"])
        changed = sorted(key for key in before | after if before.get(key) != after.get(key))
        if changed:
            raise RunError(
                f"The run at {folder} was started with another {', '.join(changed)}.",
                hint="Resume it with the same options, or start a new one under another --name.",
            )
        return cls(folder, facts)

    @classmethod
    def open(cls, folder: str | Path) -> Self:
        """Open the folder of an existing run to read it, without a lock.

        Raises:
            UsageError: the path is invalid.
            RunError: the folder is not a run, or was written by a newer version.
        """
        path = resolve_path(folder)
        if not is_file(path / "run.json"):
            found = "has no run.json, so it is not a run" if is_folder(path) else "is not the folder of a run"
            raise RunError(f"{path} {found}.", hint="Pass the folder of a run, such as runs/NAME.")
        facts = _read(path)
        if facts.get("format") != FORMAT:
            raise RunError(f"{path} has another format.", hint="Upgrade Discern, or start a new run.")
        return cls(path, facts)

    @property
    def finished(self) -> bool:
        """Return True if the run has been completed."""
        return bool(self.facts["status"] == "done")

    def path(self, name: str) -> Path:
        """Return the path of a file with the given name in the run folder."""
        return self.folder / name

    def save(self, **facts: Any) -> None:
        """Save the given facts about the run in `run.json`."""
        self.facts |= facts
        self.write_json("run.json", self.facts)

    def write_json(self, name: str, value: Any) -> None:
        """Write a JSON file to the run folder atomically."""
        with self.replacing(name) as temporary:
            temporary.write_text(json.dumps(value, indent=1, allow_nan=False) + "\n", encoding="ascii")

    def keep(self, name: str) -> None:
        """Save the digest of a completed file in `run.json`, for `has_kept`.

        Raises:
            RunError: one of both files cannot be read or written.
        """
        with self.writing(name) as path:
            self.save(**{_DIGESTS: self._digests() | {name: _digest(path)}})

    def has_kept(self, name: str) -> bool:
        """Check that a file of the interrupted run exists and is as it was completed.

        A damaged file is removed, and the log says so. Files of earlier versions, without a digest, are trusted.

        Raises:
            RunError: a damaged file cannot be removed.
        """
        path, digest = self.path(name), self._digests().get(name)
        if not os.path.lexists(path):
            return False
        if digest is None or digest == _digest(path):
            return True
        _LOG.warning("%s is damaged. Computing it again.", path)
        self.discard(name)
        return False

    def discard(self, *names: str) -> None:
        """Remove files of the interrupted run that are not valid any more.

        Raises:
            RunError: a file cannot be removed.
        """
        for name in names:
            with self.writing(name) as path:
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                path.unlink(missing_ok=True)

    def _digests(self) -> dict[str, str]:
        digests = self.facts.get(_DIGESTS)
        return digests if isinstance(digests, dict) else {}

    @contextmanager
    def replacing(self, name: str) -> Iterator[Path]:
        """Yield a temporary path that atomically replaces a file in the run folder on success."""
        with self.writing(name) as path, atomic_write(path) as temporary:
            yield temporary

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """Yield the path of a file in the run folder to be written atomically.

        Raises:
            RunError: the file cannot be written.
        """
        try:
            yield self.folder / name
        except (OSError, PolarsError) as error:
            raise RunError(
                f"{self.folder / name} cannot be written: {getattr(error, 'strerror', None) or error}.",
                hint="Free disk space, or choose another folder with --runs.",
            ) from error

    @contextmanager
    def reading(self, name: str) -> Iterator[Path]:
        """Yield the path of an existing file in the run folder.

        Raises:
            RunError: the file cannot be read.
        """
        path = self.folder / name
        try:
            if path.exists() and not path.is_file():
                raise ValueError("it is not a file")
            yield path
        except (
            OSError,
            ValueError,
            LookupError,
            TypeError,
            AttributeError,
            RecursionError,
            PolarsError,
            DataError,
        ) as error:
            raise RunError(
                f"{self.folder / name} cannot be read ({type(error).__name__}).",
                hint="Delete the file and run again with --resume to recreate it.",
            ) from error

    @contextmanager
    def locked(self) -> Iterator[Self]:
        """Lock the run folder so that only this process can write to it.

        A new run that fails with a `DiscernError` is removed, which frees its name; one that was interrupted or
        stopped stays, to be resumed.
        """
        ours = False
        try:
            with self._locked():
                ours = True
                self._tidy()
                yield self
                if self.remote is not None:
                    self.remote.upload(self.folder)
        except DiscernError as error:
            if ours and self.is_new and not isinstance(error, RunStopped):
                shutil.rmtree(self.folder, ignore_errors=True)
            raise

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            with FileLock(self.folder / ".lock").acquire(timeout=0):
                yield
        except Timeout:
            raise RunError(f"Another process is using {self.folder}.", hint="Wait for it, or stop it first.") from None

    def _tidy(self) -> None:
        """Reload `run.json` and remove the temporary files of an interrupted run."""
        self.facts = _read(self.folder)
        names = [path.name for path in self.folder.iterdir()]
        self.discard(*(name for name in names if is_unfinished(name) or _UNFINISHED.fullmatch(name)))

    @contextmanager
    def stage(self, name: str, progress: Progress) -> Iterator[None]:
        """Report the start of a processing stage and record its duration in `run.json`."""
        progress(name, 0, None)
        start = time.perf_counter()
        yield
        seconds = self.facts["seconds"]
        seconds[name] = round(seconds.get(name, 0.0) + time.perf_counter() - start, 3)


def versions() -> dict[str, str]:
    """Return the versions of Discern and of the libraries that affect results."""
    return {"discern": __version__} | {library: metadata.version(library) for library in _LIBRARIES}


def is_own(folder: Path) -> bool:
    """Return True if a path is a run folder or a cache directory of Discern."""
    try:
        return is_cache_folder(folder) or ((folder / "run.json").is_file() and "discern" in _read(folder)["versions"])
    except (OSError, DiscernError, LookupError, TypeError):
        return False


def _read(folder: Path) -> dict[str, Any]:
    try:
        if not (folder / "run.json").is_file():
            raise ValueError("it is not a file")
        facts = dict(json.loads((folder / "run.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise RunError(f"{folder / 'run.json'} cannot be read ({error}).", hint="Start a new run.") from error
    written = all(isinstance(facts.get(name), kind) for name, kind in _WRITTEN.items())
    if facts.get("format") == FORMAT and not written:
        raise RunError(f"{folder / 'run.json'} is incomplete.", hint="Start a new run.")
    return facts


def _digest(path: Path) -> str:
    """Return the SHA-256 digest of a file, or "" if it cannot be read."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):  # opening a pipe would block
            return ""
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _number(runs: Path, source: Path) -> Path:
    stem = name_stem(source)
    runs.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        folder = runs / f"{stem}-{number}"
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        else:
            return folder


def name_stem(source: Path) -> str:
    """Return the start of the names of runs on a source."""
    name = source.name if is_folder(source) else source.name.split(".")[0]
    printable = "".join(letter if letter.isprintable() else "_" for letter in name)
    return printable.encode()[: _LONGEST_NAME // 2].decode(errors="ignore").lstrip(".") or "pictures"


def _flat(config: dict[str, Any]) -> dict[str, Any]:
    """Return options with those of a study beside them, so that a message names the option that differs."""
    return {name: value for name, value in config.items() if name != "study"} | (config.get("study") or {})


def _too_long(name: str) -> bool:
    return len(name.encode()) > _LONGEST_NAME
