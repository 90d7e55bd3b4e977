"""The run folder: what one piece of work leaves behind, written atomically and never overwritten."""

import json
import re
import shutil
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
from discern.errors import DataError, DiscernError, RunError
from discern.flow.paths import is_folder, resolve_path
from discern.progress import Progress
from discern.store import is_cache_folder

FORMAT = 1
_WRITTEN = {"config": dict, "seconds": dict, "status": str, "versions": dict}
_LONGEST_NAME = 200
# What former versions called it.
_UNFINISHED = re.compile(r"\.\d+\..+|\..+\.\d+\.tmp")
_LIBRARIES = ("numpy", "onnx", "onnxruntime", "pillow", "polars", "scikit-learn", "scipy")


@dataclass
class Run:
    """One folder under `runs/`, held by one process at a time.

    Attributes:
        folder: where it is, absolute.
        facts: what `run.json` holds.
        is_new: whether this process created the run; False if it was resumed.
    """

    folder: Path
    facts: dict[str, Any] = field(default_factory=dict)
    is_new: bool = False

    @classmethod
    def create(
        cls, source: str | Path, *, name: str | None, runs: str | Path, resume: bool, config: dict[str, Any]
    ) -> Self:
        """Make a run's folder, or find the one to go on with.

        Args:
            source: what the run is about; without a name the run is called after it and a number that never collides.
            name: the run's name, or None.
            runs: the folder that holds all runs.
            resume: go on with an interrupted run of that name.
            config: what was asked for; a resumed run must have been asked for the same.

        Raises:
            UsageError: `source` or `runs` is no path.
            RunError: the name is taken, a resumed run was asked for something else, or nothing can be written there.
        """
        runs = resolve_path(runs)
        try:
            return cls._find(resolve_path(source), name=name, runs=runs, resume=resume, config=config)
        except OSError as error:
            raise RunError(
                f"No run can be kept in {runs}: {error.strerror}.", hint="Name a folder that can be written by --runs."
            ) from error

    @classmethod
    def _find(cls, source: Path, *, name: str | None, runs: Path, resume: bool, config: dict[str, Any]) -> Self:
        if name is None and resume:
            raise RunError("It is not said which run to go on with.", hint="Name it with --name.")
        if name is None:
            return cls._start(_number(runs, source), source, config)
        if Path(name).name != name or name in {"", ".", ".."} or not name.isprintable() or _too_long(name):
            raise RunError(f"{name!r} is no name for a run.", hint="Give a plain name, and the folder with --runs.")
        folder = runs / name
        if resume and (folder / "run.json").exists():
            return cls._resume(folder, config)
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            # A run killed before its first word leaves hidden files at most.
            if not resume or any(not path.name.startswith(".") for path in folder.iterdir()):
                hint = "Choose another --name." if resume else "Choose another --name, or go on with it by --resume."
                found = "something else than a run" if resume else "a run"
                raise RunError(f"There is already {found} at {folder}.", hint=hint) from None
        return cls._start(folder, source, config)

    @classmethod
    def _start(cls, folder: Path, source: Path, config: dict[str, Any]) -> Self:
        run = cls(folder, is_new=True)
        run.facts = {
            "format": FORMAT,
            "name": folder.name,
            "status": "running",
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "source": str(source),
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
            raise RunError(f"{folder} was written in another form.", hint="Upgrade discern-vision, or start a new run.")
        before = json.loads(json.dumps(config))
        changed = sorted(key for key in before | facts["config"] if before.get(key) != facts["config"].get(key))
        if changed:
            raise RunError(
                f"The run at {folder} was started with another {', '.join(changed)}.",
                hint="Resume it with the same options, or start a new one under another --name.",
            )
        return cls(folder, facts)

    @property
    def finished(self) -> bool:
        """Whether it has come to its end."""
        return bool(self.facts["status"] == "done")

    def path(self, name: str) -> Path:
        """Where the run keeps a thing."""
        return self.folder / name

    def save(self, **facts: Any) -> None:
        """Add facts to `run.json`."""
        self.facts |= facts
        self.write_json("run.json", self.facts)

    def write_json(self, name: str, value: Any) -> None:
        """Write a JSON file whole or not at all."""
        with self.replacing(name) as temporary:
            temporary.write_text(json.dumps(value, indent=1, allow_nan=False) + "\n", encoding="ascii")

    @contextmanager
    def replacing(self, name: str) -> Iterator[Path]:
        """Give a temporary path that takes the place of `name` when all went well; see `atomic_write`."""
        with self.writing(name) as path, atomic_write(path) as temporary:
            yield temporary

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """Give the path of a file for a writer that writes whole or not at all itself, and say what to do if it fails.

        Raises:
            RunError: it cannot be written.
        """
        try:
            yield self.folder / name
        except (OSError, PolarsError) as error:
            raise RunError(
                f"{self.folder / name} cannot be written: {getattr(error, 'strerror', None) or error}.",
                hint="Make room there, or name another folder by --runs.",
            ) from error

    @contextmanager
    def reading(self, name: str) -> Iterator[Path]:
        """Give the path of a file that the run wrote before, and tell what to do where it cannot be read any more."""
        path = self.folder / name
        try:
            if path.exists() and not path.is_file():
                raise ValueError("it is no file")
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
                hint="Remove it, and go on with --resume: it is made again.",
            ) from error

    @contextmanager
    def held(self) -> Iterator[Self]:
        """Keep other processes out of the run while this one works on it.

        A run that is refused where it was begun leaves nothing, so that its name is free when the cause is mended;
        one that is interrupted stays, to be resumed.
        """
        ours = False
        try:
            with self._locked():
                ours = True
                self._tidy()
                yield self
        except DiscernError:
            if ours and self.is_new:
                shutil.rmtree(self.folder, ignore_errors=True)
            raise

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            with FileLock(self.folder / ".lock").acquire(timeout=0):
                yield
        except Timeout:
            raise RunError(f"Another process works on {self.folder}.", hint="Wait for it, or stop it first.") from None

    def _tidy(self) -> None:
        """See what another process did until just now, and remove what a killed one left unfinished."""
        self.facts = _read(self.folder)
        for path in self.folder.iterdir():
            if is_unfinished(path.name) or _UNFINISHED.fullmatch(path.name):
                path.unlink(missing_ok=True)

    @contextmanager
    def stage(self, name: str, progress: Progress) -> Iterator[None]:
        """Time one stage of the work into `seconds`."""
        progress(name, 0, None)
        start = time.perf_counter()
        yield
        seconds = self.facts["seconds"]
        seconds[name] = round(seconds.get(name, 0.0) + time.perf_counter() - start, 3)


def versions() -> dict[str, str]:
    """The versions that decide what a run gives."""
    return {"discern": __version__} | {library: metadata.version(library) for library in _LIBRARIES}


def is_own(folder: Path) -> bool:
    """Whether this program wrote a folder: a run, or a shelf of the cache. Among pictures it is none of them."""
    try:
        return is_cache_folder(folder) or ((folder / "run.json").is_file() and "discern" in _read(folder)["versions"])
    except (OSError, DiscernError, LookupError, TypeError):
        return False


def _read(folder: Path) -> dict[str, Any]:
    try:
        if not (folder / "run.json").is_file():
            raise ValueError("it is no file")
        facts = dict(json.loads((folder / "run.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise RunError(f"{folder / 'run.json'} cannot be read ({error}).", hint="Start a new run.") from error
    written = all(isinstance(facts.get(name), kind) for name, kind in _WRITTEN.items())
    if facts.get("format") == FORMAT and not written:
        raise RunError(f"{folder / 'run.json'} is not what a run writes.", hint="Start a new run.")
    return facts


def _number(runs: Path, source: Path) -> Path:
    stem = _stem(source)
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


def _stem(source: Path) -> str:
    """What runs about a source are called: a folder's name, or a file's without its suffixes."""
    name = source.name if is_folder(source) else source.name.split(".")[0]
    printable = "".join(letter if letter.isprintable() else "_" for letter in name)
    return printable.encode()[: _LONGEST_NAME // 2].decode(errors="ignore").lstrip(".") or "pictures"


def _too_long(name: str) -> bool:
    return len(name.encode()) > _LONGEST_NAME
