"""Command that sends test pictures through a workflow (`discern ship workflow --traffic`)."""

from collections.abc import Iterator
from typing import Any

import typer

from discern.cli import render
from discern.cli.importing import importing
from discern.display.progress_bar import progress_bar
from discern.errors import DataError, UsageError

_MOST_SHOWN = 20


def send(
    target: str,
    bundle: str,
    pictures: str,
    state_machine: str | None,
    bucket: str | None,
    *,
    record: str | None,
    json: bool,
) -> None:
    """Send the pictures of a folder through a workflow and show the outcomes.

    Raises:
        DataError: some executions have not ended.
    """
    if target != "workflow":
        raise UsageError(f"--traffic does not apply to the target {target}.", hint="Use it with the target workflow.")
    if state_machine is None or bucket is None:
        raise UsageError("--traffic needs a workflow and a bucket.", hint="Pass --state-machine ARN and --bucket NAME.")
    with importing():
        from discern.flow.workflow_traffic import send_traffic

    with progress_bar() as progress:
        result = send_traffic(
            bundle,
            pictures,
            state_machine=state_machine,
            bucket=bucket,
            record=record or "traffic.jsonl",
            progress=progress,
        )
    if json:
        render.show_json(result.to_json())
    else:
        for line in traffic_lines(result.to_json()):
            typer.echo(render.one_line(line))
    if unfinished := result.to_json()["counts"]["unfinished"]:
        raise DataError(f"{unfinished} executions have not ended.", hint="Run the same command again to wait for them.")


def traffic_lines(value: dict[str, Any]) -> Iterator[str]:
    """Format the outcomes of test pictures as lines of text."""
    for row in value["rows"][:_MOST_SHOWN]:
        confidence = "" if row["confidence"] is None else f"{row['confidence']:.3f}"
        said = row["error"] if row["outcome"] == "failed" else row["label"] or ""
        yield f"{row['outcome']:<10} {said:<16} {row['decision'] or '':<8} {confidence:<6} {row['path']}"
    if (more := len(value["rows"]) - _MOST_SHOWN) > 0:
        yield f"and {more:,} more; all are in the record"
    counts = value["counts"]
    yield ", ".join(f"{name}: {counts[name]:,}" for name in ("pictures", "accepted", "below", "failed", "unfinished"))
    if counts["right"] is not None:
        yield f"right among accepted: {100 * counts['right']:.1f} %"
    elif counts["accepted"]:
        yield "right among accepted: not known, as no folder of theirs has the name of a label"
