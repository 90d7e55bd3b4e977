"""Commands run against small pictures and a backbone for colours, in this process or in one of their own."""

import contextlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from discern.cli import main
from tests.integration.workspace import write_backbone
from tests.unit.training.factories import write_colours
from tests.waiting import wait_until

COLOURS = ("blue", "green", "red")
PATIENCE = 60


@dataclass(frozen=True)
class Completed:
    """Exit code and output of a command."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Workspace:
    """Folder with pictures, runs and a cache.

    Attributes:
        folder: folder of everything, and the working directory of commands.
    """

    folder: Path

    @classmethod
    def at(cls, folder: Path) -> "Workspace":
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
    def backbone_options(self) -> tuple[str, ...]:
        """Options of every command that extracts features."""
        return "--backbone", str(self.folder / "colour.onnx"), "--cache", str(self.cache)

    def picture(self, colour: str, number: int = 0) -> Path:
        return sorted((self.photos / colour).iterdir())[number]

    def some(self, name: str, **each: int) -> Path:
        """A new folder with a number of photos of each colour."""
        for colour, count in each.items():
            (self.folder / name / colour).mkdir(parents=True)
            for number in range(count):
                shutil.copy(self.picture(colour, number), self.folder / name / colour)
        return self.folder / name

    def call(self, *words: str | Path, given: bytes = b"") -> Completed:
        """Call a command in this process."""
        return call_here(self.folder, words, given)

    def look(self, command: str, *words: str | Path) -> Completed:
        """Call a command that extracts features, in this process."""
        return self.call(command, *words, *self.backbone_options)

    def json(self, *words: str | Path) -> Any:
        """Return the JSON output of a command: one object on one line, and nothing on standard error."""
        done = self.call(*words, "--json")
        assert (done.code, done.err, done.out.count("\n")) == (0, "", 1), done
        return json.loads(done.out)

    def work(self, command: str, *words: str | Path) -> Any:
        """Return the JSON output of a command that extracts features."""
        return self.json(command, *words, *self.backbone_options)

    def refused(self, *words: str | Path, given: bytes = b"") -> str:
        """Return the error line of a command that must fail."""
        done = self.call(*words, given=given)
        return refusal(done)

    def start(self, *words: str | Path, prefix: tuple[str, ...] = (), **more: Any) -> subprocess.Popen[bytes]:
        """Start a command in a process of its own."""
        command = [*prefix, sys.executable, "-m", "discern", *map(str, words)]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, cwd=self.folder, **(pipes | more))

    def run(self, *words: str | Path, **more: Any) -> Completed:
        """Run a command in a process of its own to its end."""
        return ended(self.start(*words, **more))

    def shell(self, line: str) -> Completed:
        """Run a line of shell in which `discern` is the command."""
        here = "discern() { " + f'"{sys.executable}" -m discern "$@"' + "; }; "
        done = subprocess.run(["bash", "-c", here + line], cwd=self.folder, capture_output=True, check=False)
        return Completed(done.returncode, done.stdout.decode(), done.stderr.decode())


def call_here(folder: Path, words: Sequence[str | Path], given: bytes = b"") -> Completed:
    """Call a command in this process, which saves a second of imports."""
    out, err, before = io.StringIO(), io.StringIO(), sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(given))
    try:
        with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main([str(word) for word in words])
    except SystemExit as exited:
        return Completed(int(exited.code or 0), out.getvalue(), err.getvalue())
    finally:
        sys.stdin = before
    raise AssertionError("the command did not exit")


def refusal(done: Completed) -> str:
    """Return the error line of a command that exited with 2; it is expected, and there is no other output."""
    assert (done.code, done.out) == (2, ""), done
    assert re.fullmatch(r"discern: [^\n]+\n", done.err), done
    assert "Unexpected error" not in done.err
    assert done.err[:-1].isprintable()
    return done.err


def ended(process: subprocess.Popen[bytes]) -> Completed:
    """Wait for a process, and return its exit code and output."""
    out, err = process.communicate(timeout=PATIENCE)
    return Completed(process.returncode, (out or b"").decode(), (err or b"").decode())


def stop(process: subprocess.Popen[bytes], path: Path, how: signal.Signals) -> Completed:
    """Send a signal to a process as soon as a file exists."""
    wait_until(lambda: path.exists() or process.poll() is not None, PATIENCE, interval=0.002)
    assert process.poll() is None, "it ended before it could be stopped"
    process.send_signal(how)
    return ended(process)


@contextlib.contextmanager
def mode(path: Path, bits: int) -> Iterator[Path]:
    """Set the permissions of a file or folder, and restore them at the end."""
    before = path.stat().st_mode
    path.chmod(bits)
    try:
        yield path
    finally:
        path.chmod(before)


def without_privilege() -> tuple[str, ...] | None:
    """Return a command prefix that makes permissions apply to root as well; None if the system lacks it."""
    if os.name != "posix" or os.getuid():
        return ()
    drop = "-dac_override,-dac_read_search"
    return ("setpriv", f"--bounding-set={drop}", "--inh-caps=-all") if shutil.which("setpriv") else None
