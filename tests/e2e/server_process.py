"""Where a hostile or unlucky user sits: small pictures, eyes that see colours, and every command within reach."""

import contextlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from discern.cli import main
from tests.unit.flow.workspace import write_backbone
from tests.unit.training.factories import write_colours

COLOURS = ("blue", "green", "red")
PATIENCE = 60


@dataclass(frozen=True)
class Said:
    """What a command left: its exit code and what it wrote."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Bench:
    """A folder in which each thing has its place.

    Attributes:
        folder: the place of everything, and where commands are called.
    """

    folder: Path

    @classmethod
    def at(cls, folder: Path) -> "Bench":
        write_backbone(folder / "colour.onnx")
        write_colours(folder / "photos")
        return cls(folder)

    @property
    def photos(self) -> Path:
        """Twelve pictures of each colour."""
        return self.folder / "photos"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    @property
    def runs(self) -> Path:
        return self.folder / "runs"

    @property
    def eyes(self) -> tuple[str, ...]:
        """The options of every command that looks at pictures."""
        return "--backbone", str(self.folder / "colour.onnx"), "--cache", str(self.cache)

    def picture(self, colour: str, number: int = 0) -> Path:
        return sorted((self.photos / colour).iterdir())[number]

    def some(self, name: str, **each: int) -> Path:
        """A folder with so many of the photos of each colour."""
        for colour, count in each.items():
            (self.folder / name / colour).mkdir(parents=True)
            for number in range(count):
                shutil.copy(self.picture(colour, number), self.folder / name / colour)
        return self.folder / name

    def call(self, *words: str | Path, given: bytes = b"") -> Said:
        """Call a command in this process."""
        return call_here(self.folder, words, given)

    def look(self, command: str, *words: str | Path) -> Said:
        """Call a command that looks at pictures."""
        return self.call(command, *words, *self.eyes)

    def json(self, *words: str | Path) -> Any:
        """What a command says to a program: one object on one line, and nothing beside it."""
        said = self.call(*words, "--json")
        assert (said.code, said.err, said.out.count("\n")) == (0, "", 1), said
        return json.loads(said.out)

    def work(self, command: str, *words: str | Path) -> Any:
        """The same of a command that looks at pictures."""
        return self.json(command, *words, *self.eyes)

    def refused(self, *words: str | Path, given: bytes = b"") -> str:
        """The line with which a command refuses."""
        said = self.call(*words, given=given)
        return refusal(said)

    def start(self, *words: str | Path, prefix: tuple[str, ...] = (), **more: Any) -> subprocess.Popen[bytes]:
        """Start a command in a process of its own."""
        command = [*prefix, sys.executable, "-m", "discern", *map(str, words)]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, cwd=self.folder, **(pipes | more))

    def run(self, *words: str | Path, **more: Any) -> Said:
        """Run a command in a process of its own to its end."""
        return ended(self.start(*words, **more))

    def shell(self, line: str) -> Said:
        """Run a line of shell in which `discern` is the command."""
        here = "discern() { " + f'"{sys.executable}" -m discern "$@"' + "; }; "
        done = subprocess.run(["bash", "-c", here + line], cwd=self.folder, capture_output=True, check=False)
        return Said(done.returncode, done.stdout.decode(), done.stderr.decode())


def call_here(folder: Path, words: Sequence[str | Path], given: bytes = b"") -> Said:
    """Call a command in this process, which spares a second for its libraries."""
    out, err, before = io.StringIO(), io.StringIO(), sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(given))
    try:
        with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main([str(word) for word in words])
    except SystemExit as left:
        return Said(int(left.code or 0), out.getvalue(), err.getvalue())
    finally:
        sys.stdin = before
    raise AssertionError("a command leaves with its exit code")


def refusal(said: Said) -> str:
    """The one line of a refusal; it is foreseen, and nothing is said beside it."""
    assert (said.code, said.out) == (2, ""), said
    assert re.fullmatch(r"discern: [^\n]+\n", said.err), said
    assert "unforeseen" not in said.err
    assert said.err[:-1].isprintable()
    return said.err


def ended(process: subprocess.Popen[bytes]) -> Said:
    """What a process left."""
    out, err = process.communicate(timeout=PATIENCE)
    return Said(process.returncode, (out or b"").decode(), (err or b"").decode())


def stop(process: subprocess.Popen[bytes], path: Path, how: signal.Signals) -> Said:
    """Stop a process as soon as a file is there."""
    until = time.monotonic() + PATIENCE
    while not path.exists():
        assert process.poll() is None, "it ended before it could be stopped"
        assert time.monotonic() < until
        time.sleep(0.002)
    process.send_signal(how)
    return ended(process)


@contextlib.contextmanager
def mode(path: Path, bits: int) -> Iterator[Path]:
    """Give a file or folder other permissions for a while."""
    before = path.stat().st_mode
    path.chmod(bits)
    try:
        yield path
    finally:
        path.chmod(before)


def without_privilege() -> tuple[str, ...] | None:
    """What makes permissions hold for a process: nothing for most users, a wrapper for root; None: it is not there."""
    if os.name != "posix" or os.getuid():
        return ()
    drop = "-dac_override,-dac_read_search"
    return ("setpriv", f"--bounding-set={drop}", "--inh-caps=-all") if shutil.which("setpriv") else None
