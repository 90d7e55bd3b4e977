"""Functions that send test pictures through a workflow (`discern ship workflow --traffic`)."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from discern.bundle import load
from discern.bundle.manifest import Manifest
from discern.catalog.formats.folder_source import FolderSource
from discern.catalog.formats.source import Item
from discern.display.displayed import Displayed
from discern.errors import UsageError
from discern.flow.paths import resolve_path
from discern.flow.run import is_own
from discern.picture import Limits
from discern.progress import Progress, silent
from discern.shipping.aws.workflow_runs import WorkflowRuns
from discern.shipping.workflow.state_machine import takes_list
from discern.shipping.workflow.traffic import TrafficRecord, send_pictures
from discern.shipping.workflow.traffic_row import TrafficRow, count_outcomes

_MOST_PARALLEL = 32


@dataclass(frozen=True, kw_only=True, repr=False)
class TrafficResult(Displayed):
    """Result of sending test pictures through a workflow, with the outcome of each picture.

    Attributes:
        state_machine: ARN of the state machine.
        record: file of the outcomes.
        rows: outcome of each picture.
    """

    state_machine: str
    record: Path
    rows: tuple[TrafficRow, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON-serialisable dictionary.

        Keys:
            state_machine: ARN of the state machine.
            counts: number of `pictures`, of those `accepted`, `below` the threshold, `failed` and `unfinished`, and
                `right`, the share of right labels among accepted pictures whose folder names a label.
            rows: `path`, `outcome`, `label`, `decision`, `confidence`, `expected`, `error`, `cause` and `seconds` of
                each picture.
        """
        counts = count_outcomes(self.rows)
        return {"state_machine": self.state_machine, "counts": counts, "rows": [row.to_json() for row in self.rows]}


def send_traffic(
    bundle: str | Path,
    pictures: str | Path,
    *,
    state_machine: str,
    bucket: str,
    prefix: str = "traffic/",
    record: str | Path = "traffic.jsonl",
    parallel: int = 8,
    timeout: float = 900,
    progress: Progress = silent,
) -> TrafficResult:
    """Send the pictures of a folder through a deployed workflow, and tabulate the outcomes.

    An interrupted test continues: pictures in the record are not sent again.

    Args:
        bundle: path of the bundle, whose labels and aliases are compared with the names of the folders.
        pictures: folder of pictures, which may be that of a class.
        state_machine: ARN of the state machine, for one picture.
        bucket: bucket to which the pictures are uploaded.
        prefix: prefix of their keys.
        record: file of the outcomes.
        parallel: executions at once.
        timeout: seconds to wait for an execution.
        progress: called with the stage, items done and items in all.

    Raises:
        BundleError: the bundle cannot be used.
        UsageError: the folder has no pictures, AWS cannot be reached or refuses, the workflow is for lists of
            pictures, or the record is of another test.
    """
    if not 1 <= parallel <= _MOST_PARALLEL:
        raise UsageError(f"Invalid number of executions: {parallel}.", hint=f"Use 1 to {_MOST_PARALLEL} at once.")
    model, root = load(resolve_path(bundle)), resolve_path(pictures)
    items = tuple(_items(root))
    runs = WorkflowRuns(state_machine, bucket)
    _require_single_pictures(runs)
    path = resolve_path(record, written=True)
    facts = {"state_machine": state_machine, "bucket": bucket, "prefix": prefix, "fingerprint": model.fingerprint}
    labels = _labels_by_name(model.manifest)

    def expected(item: Item) -> str | None:
        folders = (root.name, *PurePosixPath(item.path).parent.parts)
        return next((labels[part] for part in reversed(folders) if part in labels), None)

    rows = send_pictures(
        items,
        runs,
        TrafficRecord(path, facts),
        prefix=prefix,
        expected=expected,
        parallel=parallel,
        timeout=timeout,
        progress=progress,
    )
    return TrafficResult(state_machine=state_machine, record=path, rows=tuple(rows))


def _labels_by_name(manifest: Manifest) -> dict[str, str]:
    """Return the labels by the names that folders may have: their aliases and themselves."""
    aliases = {alias: label for label, names in manifest.aliases.items() for alias in names}
    return aliases | {label: label for label in manifest.labels}


def _require_single_pictures(runs: WorkflowRuns) -> None:
    definition = runs.definition()
    if definition is not None and takes_list(definition):
        raise UsageError(
            "The workflow is for lists of pictures, and --traffic sends one picture to each execution.",
            hint="Pass the state machine of a workflow that was created without --map.",
        )


def _items(root: Path) -> Iterator[Item]:
    if not root.is_dir():
        raise UsageError(f"{root} is not a folder.", hint="Pass a folder of pictures.")
    empty = True
    for item in FolderSource(root, limits=Limits(), leave_out=is_own).items():
        empty = False
        yield item
    if empty:
        raise UsageError(f"There is no picture in {root}.", hint="Pass a folder of pictures.")
