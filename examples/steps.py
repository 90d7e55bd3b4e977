"""Runner of an example: named steps in order, each of which leaves an artefact."""

import hashlib
import json
import os
import re
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

from discern import DiscernError

RESULT = "result.json"
_OPTIONS = "options.json"
_CHUNK = 1 << 20
_NO_FIGURE = {"value": None, "low": None, "high": None}


class StepFailed(Exception):
    """Failure of a step, with its cause and the remedy in one message."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """Options of an example.

    Attributes:
        data: local copy of the original data; None to look for another.
        pictures: test pictures to send as traffic at most.
    """

    data: Path | None = None
    pictures: int = 100


Function = Callable[["Run"], Path]


@dataclass(frozen=True)
class Step:
    """Step of an example.

    Attributes:
        function: makes the artefact and returns its path.
        in_memory: whether it leaves something in this process as well, so that a resumed run repeats it.
    """

    function: Function
    in_memory: bool


class Example:
    """System that runs from its raw data to its deployed answer.

    Args:
        name: name of the example and of its folder.
        published: figures that the system's authors published.
        required: names of all steps, in order; one without a function is missing.
    """

    def __init__(self, name: str, *, published: Mapping[str, Any], required: Sequence[str]) -> None:
        self.name, self.published, self.required = name, dict(published), tuple(required)
        self.steps: dict[str, Step] = {}

    def step(self, name: str, *, in_memory: bool = False) -> Callable[[Function], Function]:
        """Return a decorator that makes a function a step."""
        if name not in self.required or name in self.steps:
            raise ValueError(f"{name!r} is not a required step, or has a function already")

        def add(function: Function) -> Function:
            self.steps[name] = Step(function, in_memory)
            return function

        return add


class Run:
    """Run of an example in a folder, whose result.json is written after every step.

    Args:
        example: the example.
        out: folder of the artefacts; an earlier run in it is replaced, unless it is resumed.
        options: options of the example.
        resume: keep the artefacts of an earlier run with the same options, up to the first step that failed or whose
            artefact has changed.

    Attributes:
        published: the figures that the authors published; a step replaces them where its data cannot be compared.
        data: origin of the pictures: "original", "subset", "stand-in" or "rendered"; the first step says so.
        step_data: the same for the step that runs, where its pictures have another origin.
        ours: the figure beside the published ones: `value`, `low` and `high`.
        folder: folder of the step that runs, empty when it begins.
        memory: what steps leave in this process for later ones.
        closing: closes what steps open, when the run ends.
    """

    def __init__(self, example: Example, out: Path, options: Options = Options(), *, resume: bool = False) -> None:
        self.example, self.out, self.options = example, out.absolute(), options
        self.published, self.data, self.step_data = example.published, "", ""
        self.ours: dict[str, Any] = dict(_NO_FIGURE)
        self.folder = self.out
        self.memory, self.closing = SimpleNamespace(), ExitStack()
        self._rows: dict[str, dict[str, Any]] = {}
        self._kept = self._former() if resume else {}
        if not self._kept:
            _empty(self.out)
        write_json(self.out / _OPTIONS, self._described())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.close()

    def step(self, name: str) -> Path:
        """Run a step, record it and return the path of its artefact.

        Raises:
            StepFailed: it is missing, failed, or left no artefact.
        """
        place = f"[{self.example.required.index(name) + 1}/{len(self.example.required)}] {name}"
        step, former = self.example.steps.get(name), self._kept.pop(name, None)
        if former is not None and not (step and step.in_memory):
            print(f"\n{place}: kept", flush=True)
            return self._record(name, former, Path(former["artefact"]))
        print(f"\n{place}", flush=True)
        if former is None:
            self._kept.clear()
        self.folder = _empty_folder(self.out, self.example.required.index(name) + 1, name)
        began, self.step_data = time.monotonic(), ""
        row = {"name": name, "seconds": 0.0, "ok": False, "artefact": None, "sha256": None}
        try:
            if step is None:
                raise StepFailed("The step is missing: no function is registered under its name.")
            artefact = _checked(step.function(self))
            row |= {"ok": True, "artefact": str(artefact), "sha256": digest(artefact)}
        finally:
            row["seconds"] = round(time.monotonic() - began, 3)
            row |= {"data": self.step_data} if self.step_data else {}
            self._record(name, row, None)
        print(f"    {row['seconds']:.1f} s: {os.path.relpath(artefact)}", flush=True)
        return artefact

    def artefact(self, name: str) -> Path:
        """Return the path of the artefact of an earlier step.

        Raises:
            StepFailed: that step has not run.
        """
        row = self._rows.get(name)
        if row is None or not row["ok"]:
            raise StepFailed(f"The step {name!r} has not run, and this one needs its artefact.")
        return Path(row["artefact"])

    def result(self) -> dict[str, Any]:
        """Return the result: published figures, ours, the origin of the data and all required steps."""
        never = {"seconds": 0.0, "ok": False, "artefact": None, "sha256": None}
        steps = [self._rows.get(name, {"name": name, **never}) for name in self.example.required]
        return {"published": self.published, "ours": self.ours, "data": self.data or None, "steps": steps}

    def _record(self, name: str, row: dict[str, Any], artefact: Path | None) -> Path:
        self._rows[name] = row
        write_json(self.out / RESULT, self.result())
        return artefact or self.out

    def _described(self) -> dict[str, Any]:
        return {"data": self.options.data and str(self.options.data.absolute()), "pictures": self.options.pictures}

    def _former(self) -> dict[str, dict[str, Any]]:
        """Return the rows of an earlier run that can be kept, by the names of their steps."""
        try:
            options = json.loads((self.out / _OPTIONS).read_text(encoding="utf-8"))
            former = json.loads((self.out / RESULT).read_text(encoding="utf-8"))
            rows = {row["name"]: row for row in former["steps"]}
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        kept: dict[str, dict[str, Any]] = {}
        for name in self.example.required if options == self._described() else ():
            row = rows.get(name)
            if not row or not row["ok"] or digest(Path(row["artefact"])) != row["sha256"]:
                break
            kept[name] = row
        if kept:
            self.published, self.data, self.ours = former["published"], former["data"], former["ours"]
        return kept


def run_all(example: Example, out: Path, options: Options, *, resume: bool = False) -> int:
    """Run the steps of an example up to the first failure, and return the exit code: 1 if one failed or is missing."""
    try:
        with Run(example, out, options, resume=resume) as run:
            for name in example.required:
                run.step(name)
    except (StepFailed, DiscernError) as error:
        print(f"\nFAILED: {error}", file=sys.stderr)
        return 1
    except Exception:  # noqa: BLE001 - any failure of a step is a failure of the example
        traceback.print_exc()
        return 1
    print(f"\nAll steps passed: {out / RESULT}")
    return 0


def digest(artefact: Path) -> str:
    """Return the SHA-256 of a file; of a folder, that of the lines `SHA256  PATH` of its sorted files."""
    if not artefact.is_dir():
        return _digest_file(artefact) if artefact.is_file() else ""
    files = sorted(path for path in artefact.rglob("*") if path.is_file())
    lines = "".join(f"{_digest_file(path)}  {path.relative_to(artefact).as_posix()}\n" for path in files)
    return hashlib.sha256(lines.encode()).hexdigest()


def write_json(path: Path, value: Any) -> Path:
    """Write a value as JSON, so that the file is complete or not there at all, and return the path."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    temporary.replace(path)
    return path


def _digest_file(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()


def _checked(artefact: object) -> Path:
    if not isinstance(artefact, Path):
        raise StepFailed("The step left no artefact: its function returned no path.")
    empty = not any(path.is_file() for path in artefact.rglob("*")) if artefact.is_dir() else not artefact.is_file()
    if empty:
        raise StepFailed(f"The step left no artefact: {artefact} does not exist, or is an empty folder.")
    return artefact.absolute()


def _empty_folder(out: Path, number: int, name: str) -> Path:
    """Create the folder of a step, without what an earlier run left in it."""
    folder = out / f"{number:02}-{re.sub('[^a-z0-9]+', '-', name.lower()).strip('-')}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def _empty(out: Path) -> None:
    """Create the folder of a run, and remove an earlier run from it.

    Raises:
        StepFailed: it contains other files.
    """
    if out.is_dir() and any(out.iterdir()) and not (out / _OPTIONS).is_file():
        raise StepFailed(f"{out} contains other files. Pass a new or empty folder.")
    if out.is_dir():
        shutil.rmtree(out)
    out.mkdir(parents=True)
