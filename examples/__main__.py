"""Command line of the examples: `python -m examples NAME`, which exits with 1 if a step fails or is missing."""

import argparse
import sys
from importlib import import_module
from pathlib import Path

from examples.steps import Example, Options, StepFailed, run_all

FOLDER = Path(__file__).resolve().parent
OUT = FOLDER / "out"


def names() -> list[str]:
    """Return the names of the examples: the folders with a module of the folder's name, with - for _."""
    return sorted(path.stem.replace("_", "-") for path in FOLDER.glob("*/*.py") if path.stem == path.parent.name)


def load(name: str) -> Example:
    """Return the example of a name.

    Raises:
        StepFailed: there is none.
    """
    if name not in names():
        raise StepFailed(f"There is no example {name!r}. NAME is one of: {', '.join(names())}.")
    module = name.replace("-", "_")
    found = import_module(f"examples.{module}.{module}").EXAMPLE
    assert isinstance(found, Example)
    return found


def main(arguments: list[str] | None = None) -> int:
    """Run an example and return the exit code."""
    given = _parse(arguments)
    try:
        example = load(given.name)
    except StepFailed as error:
        print(error, file=sys.stderr)
        return 1
    options = Options(data=given.data, pictures=given.pictures)
    return run_all(example, given.out or OUT / given.name, options, resume=given.resume)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m examples", description="Run an example from its raw data on.")
    parser.add_argument("name", metavar="NAME", help=f"one of: {', '.join(names())}")
    parser.add_argument("--data", type=Path, help="local copy of the original data: an archive or a folder")
    pictures = Options.pictures
    parser.add_argument("--pictures", type=int, default=pictures, help=f"test pictures to send at most ({pictures})")
    parser.add_argument("--out", type=Path, help="folder of the artefacts; by default examples/out/NAME")
    parser.add_argument("--resume", action="store_true", help="keep the steps of an earlier run that are complete")
    given = parser.parse_args(arguments)
    if given.pictures < 1:
        parser.error(f"--pictures {given.pictures}: send at least one picture")
    return given


if __name__ == "__main__":
    sys.exit(main())
