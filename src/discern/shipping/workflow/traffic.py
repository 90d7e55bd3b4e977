"""Test traffic for a workflow: pictures of a folder, each sent through the state machine once."""

import hashlib
import json
import secrets
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from discern.atomic import atomic_write
from discern.catalog.formats.source import Item
from discern.errors import PictureError, UsageError
from discern.parallel import ThreadExecutor, map_in_order
from discern.progress import Progress, silent
from discern.shipping.aws.workflow_runs import WorkflowRuns
from discern.shipping.workflow.traffic_row import TrafficRow

_FORMAT = 1
_NAME_DIGITS = 32


class TrafficRecord:
    """File of the outcomes so far, from which an interrupted test continues: a header and rows as JSON lines.

    Args:
        path: path of the file; it is created if it does not exist.
        facts: facts of the test, which must be those of an earlier part.

    Raises:
        UsageError: the file belongs to another test, or cannot be read.
    """

    def __init__(self, path: Path, facts: dict[str, Any]) -> None:
        self._path = path
        head, self.rows = _read(path)
        if head is None:
            head = {"format": _FORMAT, "run": secrets.token_hex(6), **facts}
        elif other := [name for name in facts if head.get(name) != facts[name]]:
            raise UsageError(
                f"{path} is the record of another test: its {other[0]} is {head.get(other[0])!r}.",
                hint="Pass another file with --record, or remove it.",
            )
        self.run = str(head["run"])
        rows = [row.to_json() for row in self.rows.values()]
        with atomic_write(path) as temporary:
            temporary.write_text("".join(f"{json.dumps(each)}\n" for each in (head, *rows)), encoding="utf-8")

    def add(self, row: TrafficRow) -> None:
        """Append a row, unless its execution has not ended."""
        self.rows[row.path] = row
        if row.outcome != "unfinished":
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row.to_json()) + "\n")


def send_pictures(
    items: Iterable[Item],
    runs: WorkflowRuns,
    record: TrafficRecord,
    *,
    prefix: str,
    expected: Callable[[Item], str | None],
    parallel: int,
    timeout: float,
    progress: Progress = silent,
) -> list[TrafficRow]:
    """Send pictures through a workflow and return their outcomes, in order.

    Args:
        items: the pictures.
        runs: the state machine.
        record: outcomes so far; pictures in it are not sent again.
        prefix: prefix of their keys in the bucket.
        expected: returns the label that a picture's folder names, or None.
        parallel: executions at once.
        timeout: seconds to wait for an execution.
        progress: called with the stage, items done and items in all.
    """
    wanted = list(items)

    def send(item: Item) -> TrafficRow:
        label = expected(item)
        try:
            picture = item.load()
        except PictureError as error:
            return TrafficRow(path=item.path, outcome="failed", expected=label, error=error.code, cause=error.message)
        name = f"{record.run}-{hashlib.sha256(item.path.encode() + b'0' + picture).hexdigest()[:_NAME_DIGITS]}"
        return TrafficRow.from_run(
            item.path, runs.run(name, prefix + item.path, picture, timeout=timeout), expected=label
        )

    done = 0
    with ThreadExecutor(parallel) as executor:
        unsent = (item for item in wanted if item.path not in record.rows)
        for row in _sent(send, unsent, executor, parallel):
            record.add(row)
            done += 1
            progress("sending pictures", done, len(wanted))
    return [record.rows[item.path] for item in wanted]


def _sent(
    send: Callable[[Item], TrafficRow], items: Iterator[Item], executor: ThreadExecutor, parallel: int
) -> Iterator[TrafficRow]:
    yield from map_in_order(send, items, executor=executor, window=2 * parallel)


def _read(path: Path) -> tuple[dict[str, Any] | None, dict[str, TrafficRow]]:
    """Return the header and the rows of a record; a last line that was cut off is left out."""
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        head, *lines = text.splitlines(keepends=True) or [""]
        if not head:
            return None, {}
        facts = json.loads(head)
        if facts["format"] != _FORMAT or not isinstance(facts["run"], str):
            raise ValueError("another format")
        rows = [TrafficRow(**json.loads(line)) for line in lines if line.endswith("\n")]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UsageError(
            f"{path} is not the record of test traffic.", hint="Pass another file with --record."
        ) from error
    return facts, {row.path: row for row in rows}
