"""Functions that compare two runs (`discern diff`)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from discern.display.displayed import Displayed
from discern.flow.data_changes import DataChanges, compare_data
from discern.flow.figures import Figure, compare_figures
from discern.flow.former_run import command_of
from discern.flow.run import Run

# Settings without an option of their own: the seed stands beside them, and the rest belongs to a version.
_SETTINGS = ("split", "head")


@dataclass(frozen=True, kw_only=True, repr=False)
class DiffResult(Displayed):
    """Result of `discern.diff`: everything in which two runs, A and B, differ.

    Attributes:
        a: folder of A.
        b: folder of B.
        data: the pictures that differ; None if a run has no catalog.
        options: options that differ, each with its values `a` and `b`.
        versions: versions of Discern and libraries that differ, likewise.
        figures: figures of both runs, and of one of them.
        notes: sentences on runs that are unfinished, of different commands, or without a catalog.
    """

    a: Path
    b: Path
    data: DataChanges | None
    options: dict[str, dict[str, Any]]
    versions: dict[str, dict[str, Any]]
    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the differences as a JSON-serialisable dictionary with absolute paths.

        Keys:
            a: folder of A.
            b: folder of B.
            data: `pictures` of A and B, the number that are the `same`, and for `added`, `removed`, `moved`,
                `relabelled`, `regrouped` and `other_bytes` the `count`, the number by class (`classes`) and the first
                `paths`; null if a run has no catalog.
            options: options that differ, each with its values `a` and `b`.
            versions: versions of Discern and libraries that differ, likewise.
            figures: for each figure the `name`, the values `a` and `b` and their `difference`, B minus A; `a_interval`,
                `b_interval` and `difference_interval`, or null; `within_noise`, whether chance alone explains the
                difference, or null if that is unknown or nothing differs.
            notes: sentences on runs that are unfinished, of different commands, or without a catalog.
        """
        return {
            "a": str(self.a),
            "b": str(self.b),
            "data": None if self.data is None else self.data.to_json(),
            "options": self.options,
            "versions": self.versions,
            "figures": [figure.to_json() for figure in self.figures],
            "notes": list(self.notes),
        }


def diff(a: str | Path, b: str | Path) -> DiffResult:
    """Compare two runs: their pictures, options, versions and figures.

    Differences are those of B from A. Runs may be of any command that writes one, of earlier versions, or unfinished.

    Args:
        a: folder of a run.
        b: folder of another.

    Raises:
        RunError: a folder is not a run, or a file of it cannot be read.
    """
    first, second = Run.open(a), Run.open(b)
    data = compare_data(first, second)
    return DiffResult(
        a=first.folder,
        b=second.folder,
        data=data,
        options=_differences(first.facts["config"], second.facts["config"]),
        versions=_differences(first.facts["versions"], second.facts["versions"]),
        figures=tuple(compare_figures(first, second)),
        notes=tuple(_notes(first, second, data)),
    )


def _differences(a: dict[str, Any], b: dict[str, Any], at: str = "") -> dict[str, dict[str, Any]]:
    """Return the keys whose values differ, with both values; one that a run lacks is None."""
    found: dict[str, dict[str, Any]] = {}
    for key in dict.fromkeys([*a, *b]):
        before, after = (None if values.get(key) == [] else values.get(key) for values in (a, b))
        if key in _SETTINGS and None in (before, after):
            continue  # only one of the commands has them
        if isinstance(before, dict) and isinstance(after, dict) and not _is_file(before):
            found |= _differences(before, after, f"{at}{key}.")
        elif before != after and (key != "seed" or not at):
            found[f"{at}{key}"] = {"a": before, "b": after}
    return found


def _is_file(value: dict[str, Any]) -> bool:
    return value.keys() == {"path", "sha256"}


def _notes(a: Run, b: Run, data: DataChanges | None) -> list[str]:
    notes = [
        f"{run.folder} is not finished, so that figures may be missing; resume it with --resume and --name."
        for run in (a, b)
        if not run.finished
    ]
    commands = [command_of(run) for run in (a, b)]
    if commands[0] != commands[1]:
        notes.append(f"A is a run of {commands[0]} and B one of {commands[1]}, with other options and figures.")
    if data is None:
        what = "of evaluate" if "evaluate" in commands else "that was interrupted early"
        notes.append(f"The pictures are not compared, as a run {what} keeps no catalog.")
    prints = [run.facts.get("data", {}).get("fingerprint") for run in (a, b)]
    if data is not None and not data.any and None not in prints and prints[0] != prints[1]:
        notes.append("The given parts of pictures differ.")
    return notes
