"""Notes of a run on the fixes that it applied, and on what has changed since a former run."""

from pathlib import Path
from typing import Any

from discern.flow.applied_fixes import describe_fixes
from discern.flow.data_changes import compare_data, describe_data
from discern.flow.run import Run

_OF_THE_DATA = ("source", "fixes", "parts_of", "group_by", "classes", "label_from")


def notes_of(run: Run, like: str | Path | None) -> tuple[str, ...]:
    """Return the notes of a run, for its result; `like` is the former run that it repeats, or None."""
    return (*describe_fixes(run), *([] if like is None else _notes_since(Run.open(like), run)))


def _notes_since(former: Run, run: Run) -> list[str]:
    config, earlier = run.facts["config"], former.facts["config"]
    notes = [
        f"{config[name]['path']} has changed since {former.folder}."
        for name in ("fixes", "names")
        if _path(config.get(name)) == _path(earlier.get(name)) and config.get(name) != earlier.get(name)
    ]
    prints = [each.facts.get("data", {}).get("fingerprint") for each in (former, run)]
    chosen = all(_path(config.get(name)) == _path(earlier.get(name)) for name in _OF_THE_DATA)
    if prints[0] is None:
        notes.append(f"{former.folder} was interrupted before it had read its pictures; they cannot be compared.")
    elif prints[0] != prints[1] and chosen:
        changes = compare_data(former, run)
        told = "" if changes is None else f": {'; '.join(describe_data(changes, names=('then', 'now')))}"
        notes.append(f"The data have changed since {former.folder}{told}. See `discern diff`.")
    return notes


def _path(value: Any) -> Any:
    return value["path"] if isinstance(value, dict) and "path" in value else value
