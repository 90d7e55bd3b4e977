"""Compilation of a package's modules by the Python version that runs them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from discern.errors import UsageError
from discern.shipping.wheel_download import PYTHON

TASK_FOLDER = "/var/task"
"""Folder that AWS Lambda unpacks a function to; tracebacks name files in it."""

CACHE_TAG = f"cpython-{PYTHON.replace('.', '')}"
"""Tag of the function's Python version in the names of compiled modules."""

_SECONDS = 30  # not tuned: an interpreter says its version in a fraction of that


def find_python(given: str | None = None) -> str | None:
    """Find an interpreter of the function's Python version on this machine, or return None.

    Args:
        given: path of the interpreter to use; None to look for one.

    Raises:
        UsageError: the given one has another version, or does not run.
    """
    if given is not None:
        if _version(given) != PYTHON:
            raise UsageError(f"{given} is not an interpreter of Python {PYTHON}.", hint="Check the path of --python.")
        return given
    return next((path for path in _candidates() if _version(path) == PYTHON), None)


def compile_modules(folder: Path, python: str) -> None:
    """Compile all modules in a folder, so that none is compiled when the function starts.

    Compiled modules are not checked against their sources, whose times an archive does not keep.

    Raises:
        UsageError: a module cannot be compiled.
    """
    options = ("-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash")
    command = [python, "-I", *options, "-s", str(folder), "-p", TASK_FOLDER, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603
    if done.returncode:
        reason = (done.stdout or done.stderr).strip().splitlines()
        raise UsageError(
            f"A module of the function cannot be compiled: {reason[-1] if reason else done.returncode}.",
            hint="Check the wheels, or pass another interpreter with --python.",
        )


def _candidates() -> Iterator[str]:
    yield sys.executable
    if found := shutil.which(f"python{PYTHON}"):
        yield found
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    managed = Path(os.environ.get("UV_PYTHON_INSTALL_DIR", Path.home() / ".local/share/uv/python"))
    for path in (*pyenv.glob(f"{PYTHON}*/bin/python"), *managed.glob(f"cpython-{PYTHON}*/bin/python")):
        yield str(path)


def _version(python: str) -> str | None:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run(  # noqa: S603 - an interpreter that was found or given
            [python, "-I", "-c", code], capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
