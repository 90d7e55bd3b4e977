"""A file that takes long to write: its parts are kept beside it, so that work can go on, and joined at the end."""

import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
_PART = re.compile(r"\d{6,}\.parquet")
_ABOUT, _LOCK, _SETTLED = "about.json", "lock", "settled"
_ROWS_A_PART = 1_000
_TABLES_HELD = 8


class ResumableOutput:
    """The hidden folder beside a file in which its parts gather; held by one process at a time.

    Attributes:
        folder: where it is.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.folder = target.with_name(f".{target.name}.unfinished")
        self._placed = False

    @contextmanager
    def held(self, about: dict[str, Any]) -> Iterator[None]:
        """Begin, or go on with what was begun about the very same; the folder goes when the target is there.

        Args:
            about: what the work is about, JSON-ready.

        Raises:
            RunError: there is such a file already, something else was begun, another process is at it, or nothing can
                be written there.
        """
        require_free(self.target)
        with self._telling():
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / _LOCK)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                raise RunError(
                    f"Another process is writing {self.target}.", hint="Wait for it, or name another file."
                ) from None
        try:
            self._begin(json.loads(json.dumps(about)) | {"format": FORMAT})
            yield
        finally:
            lock.release()
            if self._placed or not self.parts():
                shutil.rmtree(self.folder, ignore_errors=True)

    def parts(self) -> list[Path]:
        """The parts that are complete, in their order."""
        return sorted((path for path in self.folder.iterdir() if _PART.fullmatch(path.name)), key=_number)

    def add(self, rows: Sequence[dict[str, Any]], columns: dict[str, pl.DataType]) -> None:
        """Keep some more rows, whole or not at all.

        Raises:
            RunError: they cannot be written.
        """
        parts = self.parts()
        part = self.folder / f"{_number(parts[-1]) + 1 if parts else 0:06d}.parquet"
        with self._telling():
            table = pl.DataFrame({name: [row[name] for row in rows] for name in columns}, schema=columns)
            with atomic_write(part) as unfinished:
                table.write_parquet(unfinished)

    def columns(self, *names: str) -> pl.DataFrame:
        """Some columns of all parts.

        Raises:
            RunError: a part cannot be read.
        """
        parts = self.parts()
        if not parts:
            return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
        with self._telling():
            return pl.scan_parquet(parts).select(names).collect()

    def settle(self, key: str, order: Sequence[str]) -> list[Path]:
        """Give parts that hold one row for each key, in an order, and no other: the last that was kept of it.

        These are the parts themselves where that is what they hold.

        Args:
            key: the column of keys.
            order: the keys, each once; each has been kept.

        Raises:
            RunError: a part cannot be read, or nothing can be written there.
        """
        parts = self.parts()
        kept = self.columns(key)[key]
        last = dict(zip(kept, range(len(kept)), strict=True))
        rows = np.fromiter((last[each] for each in order), np.int64, len(order))
        if np.array_equal(rows, np.arange(len(kept))):
            return parts
        with self._telling():
            return self._rewritten(parts, rows)

    @contextmanager
    def replacing(self, target: Path) -> Iterator[Path]:
        """Give a path that takes the place of the target, or of what comes with it, when all went well.

        Raises:
            RunError: it cannot be written there.
        """
        with self._telling(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(target) as whole:
                yield whole
                require_free(target)
            self._placed |= target == self.target

    def _rewritten(self, parts: Sequence[Path], rows: np.ndarray) -> list[Path]:
        """Write rows anew, by their numbers among those of all parts; some parts are held at a time."""
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

    def _begin(self, about: dict[str, Any]) -> None:
        path = self.folder / _ABOUT
        before = _read(path)
        if before is not None and before != about:
            raise RunError(
                f"{self.target} was begun before with another bundle, source or version, and never finished.",
                hint=f"Name another file, or remove {self.folder} to begin anew.",
            )
        with self._telling(), atomic_write(path) as unfinished:
            unfinished.write_text(json.dumps(about) + "\n", encoding="ascii")

    @contextmanager
    def _telling(self, target: Path | None = None) -> Iterator[None]:
        try:
            yield
        except (OSError, PolarsError) as error:
            raise RunError(
                f"{target or self.target} cannot be written: {getattr(error, 'strerror', None) or error}.",
                hint="Make room there, or name another place; the same command then goes on where it was.",
            ) from error


def require_free(*targets: Path) -> None:
    """Refuse to write over files.

    Raises:
        RunError: there is something already.
    """
    there = [str(target) for target in targets if os.path.lexists(target)]
    if there:
        hint = "Name another one, or remove it." if len(there) == 1 else "Name others, or remove them."
        raise RunError(f"There is already a file at {' and at '.join(there)}.", hint=hint)


def _number(part: Path) -> int:
    return int(part.stem)


def _read(path: Path) -> Any:
    """What was begun; None: nothing; something unlike all else where it cannot be read."""
    try:
        return json.loads(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return {}
