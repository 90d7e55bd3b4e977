"""Resumable output files that are written in parts."""

import hashlib
import json
import logging
import os
import re
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from filelock import FileLock, Timeout
from polars.exceptions import PolarsError

from discern.atomic import atomic_write
from discern.errors import RunError

FORMAT = 2
_LOG = logging.getLogger("discern.predict")
_PART = re.compile(r"\d{6,}\.parquet")
_DIGEST, _DIGEST_SIZE = ".sha256", 64
_IDENTITY, _LOCK, _SETTLED = "about.json", "lock", "settled"
_ROWS_A_PART = 1_000
_TABLES_HELD = 8
_BLOCK_BYTES = 1 << 20


class ResumableOutput:
    """Hidden folder with the parts of an output file, locked by one process at a time.

    Each part has a digest of the job and of its content beside it.

    Attributes:
        folder: the hidden folder.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.folder = target.with_name(f".{target.name}.unfinished")
        self._placed = False
        self._about = b""

    @contextmanager
    def locked(self, identity: dict[str, Any]) -> Iterator[None]:
        """Lock the folder while the output file is written, and remove the folder on completion.

        Args:
            identity: JSON-ready identity of the job, which a resumed one must equal.

        Raises:
            RunError: the file exists, another job or process is writing it, or the folder cannot be written.
        """
        require_free(self.target)
        with write_errors(self.target):
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / _LOCK)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                raise RunError(
                    f"Another process is writing {self.target}.", hint="Wait for it, or use another file name."
                ) from None
        try:
            about = json.loads(json.dumps(identity)) | {"format": FORMAT}
            self._about = json.dumps(about, sort_keys=True).encode()
            self._start(about)
            yield
        finally:
            lock.release()
            if self._placed or not self.parts():
                shutil.rmtree(self.folder, ignore_errors=True)

    def parts(self) -> list[Path]:
        """Return the paths of all completely written parts in order."""
        return sorted((path for path in self.folder.iterdir() if _PART.fullmatch(path.name)), key=_number)

    def add(self, rows: Sequence[dict[str, Any]], columns: dict[str, pl.DataType]) -> None:
        """Write table rows to a new part atomically.

        Raises:
            RunError: the part cannot be written.
        """
        parts = self.parts()
        part = self.folder / f"{_number(parts[-1]) + 1 if parts else 0:06d}.parquet"
        with write_errors(self.target):
            table = pl.DataFrame({name: [row[name] for row in rows] for name in columns}, schema=columns)
            with atomic_write(part) as unfinished:
                table.write_parquet(unfinished)
                with atomic_write(part.with_suffix(_DIGEST)) as digest:  # first, as a part without it is discarded
                    digest.write_text(self._digest(unfinished), encoding="ascii")

    def discard_damaged(self, columns: dict[str, pl.DataType]) -> None:
        """Discard the parts that are not as this job has written them, so that their rows are computed again.

        Raises:
            RunError: a part cannot be removed.
        """
        damaged = [part for part in self.parts() if not self._is_intact(part, columns)]
        for part in damaged:
            with write_errors(self.target):
                _remove(part)
        if damaged:
            what = "A kept part" if len(damaged) == 1 else f"{len(damaged)} kept parts"
            _LOG.warning("%s of %s cannot be used: damaged or of another version. Predicting again.", what, self.target)

    def columns(self, *names: str, parts: Sequence[Path] | None = None) -> pl.DataFrame:
        """Read the selected columns of all parts, or of the given ones.

        Raises:
            RunError: a part cannot be read.
        """
        parts = self.parts() if parts is None else parts
        if not parts:
            return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
        with write_errors(self.target):
            return pl.scan_parquet(list(parts)).select(names).collect()

    def settle(self, key: str, order: Sequence[str]) -> list[Path]:
        """Sort the rows of all parts by key and keep only the latest row for each key.

        Args:
            key: name of the column of keys.
            order: the keys, each once; all are in the parts.

        Returns:
            Paths of the parts, rewritten only if needed.

        Raises:
            RunError: a part cannot be read or written.
        """
        parts = self.parts()
        kept = self.columns(key)[key]
        last = dict(zip(kept, range(len(kept)), strict=True))
        rows = np.fromiter((last[each] for each in order), np.int64, len(order))
        if np.array_equal(rows, np.arange(len(kept))):
            return parts
        with write_errors(self.target):
            return self._rewritten(parts, rows)

    @contextmanager
    def replacing(self, target: Path) -> Iterator[Path]:
        """Yield a temporary path that atomically replaces the target file on success.

        Raises:
            RunError: the file cannot be written.
        """
        with write_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(target) as whole:
                yield whole
                require_free(target)
            self._placed |= target == self.target

    def _is_intact(self, part: Path, columns: dict[str, pl.DataType]) -> bool:
        with suppress(OSError, ValueError, PolarsError):
            if _digest_beside(part) == self._digest(part):
                return list(pl.read_parquet_schema(part).items()) == list(columns.items())
        return False

    def _digest(self, part: Path) -> str:
        digest = hashlib.sha256(self._about)
        if not stat.S_ISREG(part.lstat().st_mode):  # opening a pipe would block
            raise OSError(f"{part} is not a file")
        with part.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
        return digest.hexdigest()

    def _rewritten(self, parts: Sequence[Path], rows: np.ndarray) -> list[Path]:
        folder = self.folder / _SETTLED
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        read = lru_cache(_TABLES_HELD)(pl.read_parquet)
        ends = np.cumsum([pl.scan_parquet(part).select(pl.len()).collect().item() for part in parts])
        written: list[Path] = []
        for start in range(0, len(rows), _ROWS_A_PART):
            some = rows[start : start + _ROWS_A_PART]
            part = np.searchsorted(ends, some, side="right")
            order = np.argsort(part, kind="stable")
            tables = [
                read(parts[number])[some[part == number] - (ends[number - 1] if number else 0)]
                for number in np.unique(part)
            ]
            written.append(folder / f"{len(written):06d}.parquet")
            pl.concat(tables)[np.argsort(order)].write_parquet(written[-1])
        return written

    def _start(self, identity: dict[str, Any]) -> None:
        path = self.folder / _IDENTITY
        before = _read(path)
        if before is not None and before != identity:
            raise RunError(
                f"An unfinished {self.target} was started with another bundle, source or version.",
                hint=f"Use another file name, or remove {self.folder} to start over.",
            )
        with write_errors(self.target), atomic_write(path) as unfinished:
            if path.is_dir():
                _remove(path)
            unfinished.write_text(json.dumps(identity) + "\n", encoding="ascii")


@contextmanager
def write_errors(target: Path) -> Iterator[None]:
    """Convert errors of writing an output to `RunError`, with the remedy and how to resume."""
    try:
        yield
    except (OSError, PolarsError) as error:
        raise RunError(
            f"{target} cannot be written: {getattr(error, 'strerror', None) or error}.",
            hint="Free disk space, or choose another path; then run the same command again to resume.",
        ) from error


def require_free(*targets: Path) -> None:
    """Raise `RunError` if the output file already exists."""
    existing = [str(target) for target in targets if os.path.lexists(target)]
    if existing:
        hint = "Use another name, or remove it." if len(existing) == 1 else "Use other names, or remove them."
        raise RunError(f"There is already a file at {' and at '.join(existing)}.", hint=hint)


def _remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _number(part: Path) -> int:
    return int(part.stem)


def _digest_beside(part: Path) -> str:
    path = part.with_suffix(_DIGEST)
    return path.read_text(encoding="ascii") if path.stat().st_size == _DIGEST_SIZE else ""


def _read(path: Path) -> Any:
    """Read the identity of the job, or None if it is missing or damaged: each part's digest covers it as well."""
    try:
        is_readable = path.is_file() and path.stat().st_size <= _BLOCK_BYTES
        about = json.loads(path.read_text(encoding="ascii")) if is_readable else None
    except (OSError, ValueError, RecursionError):
        return None
    return about if isinstance(about, dict) else None
