"""Function that adds the run which continuous integration repeats to its options."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from discern.buckets.bucket_address import find_bucket_address
from discern.errors import RunError, UsageError
from discern.flow.evaluate.evaluate import require_floors
from discern.flow.former_run import command_of
from discern.flow.opened_run import METRICS, OpenedRun
from discern.flow.run import Run
from discern.picture import read_bounded
from discern.shipping.ci.ci_recipe import CiRecipe
from discern.shipping.ci.ci_target import CiOptions

_RUN = "ci/run"
_KEPT = ("format", "name", "status", "created", "config", "versions", "data", "found", "used", "classes")
_READ_AS_THE_RUN = {"group_by": "--group-by", "label_from": "--label-from", "classes": "--classes"}
_PATHS = {"negatives": "pictures of none of the classes", "backbone": "files of the backbone"}
_LISTS = ("fixes", "names")
_MAX_BYTES = 64 << 20
_MAX_EXAMPLE = 1 << 20
_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


def add_recipe(options: CiOptions, bundle: Path) -> CiOptions:
    """Return a copy of the options with the run that a bundle lies in.

    Raises:
        RunError: the bundle does not lie in a run of `discern train`, or files of the run cannot be read.
        UsageError: a minimum is invalid, or the run's files lie outside of the current folder.
    """
    if options.at_least is not None:
        require_floors(options.at_least)
    run = _training(bundle)
    config = run.facts["config"]
    data = options.data or _in_repository(str(run.facts["source"]), "pictures", "--data")
    files = {f"ci/{name}.csv": _read(Path(config[name]["path"])) for name in _LISTS if config.get(name)}
    moved = {name: config[name] | {"path": f"ci/{name}.csv"} for name in _LISTS if config.get(name)}
    for name, what in _PATHS.items():
        if isinstance(path := config.get(name), str) and Path(path).is_absolute():
            moved[name] = _in_repository(path, what, "")
    facts = {name: run.facts[name] for name in _KEPT if name in run.facts}
    facts |= {"source": data, "config": config | {"source": data} | moved, "seconds": {}}
    accuracy = _accuracy(run)
    recipe = CiRecipe(
        name=str(run.facts["name"]),
        data=data,
        facts=facts,
        files=files | {f"{_RUN}/{METRICS}": _read(run.path(METRICS))} | dict(_example(run)),
        words=tuple(_words(config)),
        sha256=hashlib.sha256(_read(bundle)).hexdigest(),
        findings=len(OpenedRun(run).findings),
        accuracy=None if accuracy["low"] is None else float(accuracy["low"]),
        has_test_part=accuracy.get("method") == "test-part",
        torch=config.get("method") not in (None, "probe"),
    )
    return replace(options, recipe=recipe)


def _training(bundle: Path) -> Run:
    """Return the run of a training that a bundle lies in."""
    hint = "Pass the folder of a run of `discern train`, such as runs/NAME, or the bundle in it."
    try:
        run = Run.open(bundle.parent)
    except RunError as error:
        raise RunError(
            f"{bundle} does not lie in a run, so the options of its training are not known.", hint=hint
        ) from error
    if command_of(run) != "train" or not run.finished:
        raise RunError(f"{run.folder} is not a finished run of `discern train`.", hint=hint)
    return run


def _in_repository(path: str, what: str, option: str) -> str:
    """Return the path of a run's file or folder relative to the current folder; a bucket's address stays."""
    if find_bucket_address(path) is not None:
        return path
    try:
        return Path(path).relative_to(Path.cwd()).as_posix()
    except ValueError:
        remedy = f", or pass {option} with their path in the repository" if option else ""
        raise UsageError(
            f"The {what} of the run are at {path}, outside of the current folder.",
            hint=f"Run it in the repository's root, with the pictures in it{remedy}.",
        ) from None


def _words(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield the words by which `discern evaluate` reads pictures as the run did."""
    for name, option in _READ_AS_THE_RUN.items():
        value = config.get(name)
        if value:
            yield from (option, value if isinstance(value, str) else ",".join(value))
    if config.get("names"):
        yield from ("--names", "ci/names.csv")


def _example(run: Run) -> Iterator[tuple[str, bytes]]:
    """Yield one small picture of the run, if they are files, for the smoke test."""
    source = Path(str(run.facts["source"]))
    for path in OpenedRun(run).catalog.table["path"].head(100):
        file = source / path
        if file.suffix.lower() in _SUFFIXES and file.is_file() and file.stat().st_size <= _MAX_EXAMPLE:
            yield f"ci/example{file.suffix.lower()}", _read(file)
            return


def _accuracy(run: Run) -> dict[str, Any]:
    with run.reading(METRICS) as path:
        return dict(json.loads(path.read_text(encoding="utf-8"))["accuracy"]["leak_free"])


def _read(path: Path) -> bytes:
    try:
        return read_bounded(path, max_bytes=_MAX_BYTES)
    except OSError as error:
        raise RunError(
            f"{path} cannot be read: {error.strerror or error}.", hint="Restore it, or train again."
        ) from error
