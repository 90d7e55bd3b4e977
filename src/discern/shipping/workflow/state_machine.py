"""State machine of a workflow in the Amazon States Language (JSONPath)."""

import json
from collections.abc import Sequence
from typing import Any

from discern.bundle.manifest import Manifest
from discern.errors import UsageError
from discern.shipping.workflow.answer_routes import Branch, branches_by
from discern.shipping.workflow.picture_states import START, Ends, picture_states
from discern.shipping.workflow.task_states import BELOW_THRESHOLD, State, catch, notice_task
from discern.shipping.workflow.workflow_options import MAX_ITEMS, WorkflowOptions

PICTURE_SECONDS = 900
"""Timeout of an execution for one picture: four attempts of three tasks take at most 780."""

MAP_SECONDS = 3 * 3600
"""Timeout of an execution for a list of pictures; not tuned."""

_MAP_START = "Has pictures"
_MAX_DEFINITION = 1 << 20  # bytes, of Step Functions
_COUNTED = ("accepted", "below", "failed")


def build_state_machine(options: WorkflowOptions, manifest: Manifest) -> dict[str, Any]:
    """Build the state machine that classifies pictures with a model.

    Args:
        options: options of the workflow.
        manifest: manifest of the model.

    Raises:
        UsageError: no answer or every answer would pass, labels lack routes, or there are too many of them.
    """
    _require_filter(options, manifest)
    branches = branches_by(options.route_by, manifest)
    machine = _map_machine(options, branches) if options.map else _picture_machine(options, branches)
    if len(to_text(machine).encode()) > _MAX_DEFINITION:
        raise UsageError(
            f"The state machine for {len(manifest.labels):,} labels is larger than {_MAX_DEFINITION:,} bytes.",
            hint="Use --route-by none, or fewer routes.",
        )
    return machine


def to_text(machine: dict[str, Any]) -> str:
    """Serialise a state machine, the same for equal ones."""
    return json.dumps(machine, indent=2, ensure_ascii=False) + "\n"


def takes_list(definition: str) -> bool:
    """Return True if a definition is that of a workflow for lists of pictures."""
    try:
        machine = json.loads(definition)
    except ValueError:
        return False
    return isinstance(machine, dict) and machine.get("StartAt") == _MAP_START


def _require_filter(options: WorkflowOptions, manifest: Manifest) -> None:
    """Reject a filter that would stop every picture or none."""
    if options.threshold is None and manifest.thresholds.accept is None:
        raise UsageError(
            "This model accepts no answer, so the workflow would stop every picture.",
            hint="Pass a confidence with --threshold, or train with --at-most-wrong.",
        )
    least = 1 / len(manifest.labels)
    if options.threshold is not None and options.threshold <= least:
        raise UsageError(
            f"A threshold of {options.threshold:g} stops nothing: with {len(manifest.labels)} labels, the highest "
            f"confidence is always at least {least:.3g}.",
            hint="Pass a higher --threshold, or none for the bundle's own decisions.",
        )


def _picture_machine(options: WorkflowOptions, branches: Sequence[Branch]) -> dict[str, Any]:
    kept = {"s3_bucket.$": "$.s3_bucket", "s3_key.$": "$.s3_key", "answer.$": "$.classified.answer"}
    if branches:
        kept["destination.$"] = "$.destination"
    ends = Ends(
        passed={"Accepted": {"Type": "Pass", "Parameters": kept, "End": True}},
        below={"Not confident enough": _fail(BELOW_THRESHOLD)},
        failed={"Not classified": _fail("PICTURE_NOT_CLASSIFIED")},
        notify=True,
    )
    return {
        "Comment": "Classify one picture in S3: {s3_bucket, s3_key}.",
        "StartAt": START,
        "TimeoutSeconds": PICTURE_SECONDS,
        "States": picture_states(options, branches, root="$", ends=ends),
    }


def _fail(error: str) -> State:
    return {"Type": "Fail", "Error": error, "CausePath": "$.failure.Cause"}


def _map_machine(options: WorkflowOptions, branches: Sequence[Branch]) -> dict[str, Any]:
    many = {"Variable": f"$.items[{MAX_ITEMS}]", "IsPresent": True, "Next": "Too many pictures"}
    some = {"Variable": "$.items[0]", "IsPresent": True, "Next": "Each picture"}
    counts = {f"{name}.$": f"States.ArrayLength($.results[*].{name})" for name in _COUNTED}
    counts["pictures.$"] = "States.ArrayLength($.results)"
    after = "Anything stopped" if options.notify else "Too many failures"
    states: dict[str, State] = {
        _MAP_START: {"Type": "Choice", "Choices": [many, some], "Default": "No pictures"},
        "No pictures": _fail_said("NO_PICTURES", "The input has no pictures: send {items: [{s3_bucket, s3_key}]}."),
        "Too many pictures": _fail_said("TOO_MANY_PICTURES", f"Send at most {MAX_ITEMS} pictures to an execution."),
        "Each picture": _each_picture(options, branches),
        "Count": {
            "Type": "Pass",
            "Parameters": {"results.$": "$.results", "counts": counts},
            "Next": "Summarise",
        },
        "Summarise": {
            "Type": "Pass",
            "Parameters": {"Cause.$": "States.JsonToString($.counts)"},
            "ResultPath": "$.failure",
            "Next": after,
        },
    }
    if options.notify:
        stopped = [{"Variable": f"$.counts.{name}", "NumericGreaterThan": 0, "Next": "Notify"} for name in _COUNTED[1:]]
        states["Anything stopped"] = {"Type": "Choice", "Choices": stopped, "Default": "Too many failures"}
        after = "Too many failures"
        notice = notice_task({"counts.$": "$.counts"})
        states["Notify"] = notice | {"Catch": [catch(after, path="$.notice_failure")], "Next": after}
    return {
        "Comment": "Classify a list of pictures in S3: {items: [{s3_bucket, s3_key}]}.",
        "StartAt": _MAP_START,
        "TimeoutSeconds": MAP_SECONDS,
        "States": states | _verdict(options),
    }


def _verdict(options: WorkflowOptions) -> dict[str, State]:
    """Return the states that fail the execution if too many pictures failed, or all of them."""
    failed = "$.counts.failed"
    rules = [
        {"Variable": failed, "NumericGreaterThan": options.tolerate, "Next": "Failed"},
        {"Variable": failed, "NumericEqualsPath": "$.counts.pictures", "Next": "Failed"},
    ]
    return {
        "Too many failures": {"Type": "Choice", "Choices": rules, "Default": "Done"},
        "Failed": _fail("TOO_MANY_FAILURES"),
        "Done": {
            "Type": "Pass",
            "Parameters": {"results.$": "$.results", "counts.$": "$.counts"},
            "End": True,
        },
    }


def _fail_said(error: str, cause: str) -> State:
    return {"Type": "Fail", "Error": error, "Cause": cause}


def _each_picture(options: WorkflowOptions, branches: Sequence[Branch]) -> State:
    """Return the Map state, in which each picture ends in a row, so that one that fails does not stop the others."""
    row: State = {"item.$": "$.item", "answer.$": "$.classified.answer"}
    passed = row | ({"destination.$": "$.destination"} if branches else {})
    failed = {"item.$": "$.item", "failed.$": "$.failure.Error"}
    ends = Ends(
        passed={"Accepted": _row(passed | {"accepted": True})},
        below={"Not confident enough": _row(row | {"below": True})},
        failed={"Not classified": _row(failed)},
        notify=False,
    )
    return {
        "Type": "Map",
        "ItemsPath": "$.items",
        "ItemSelector": {"item.$": "$$.Map.Item.Value"},
        "MaxConcurrency": options.concurrency,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            "StartAt": START,
            "States": picture_states(options, branches, root="$.item", ends=ends),
        },
        "ResultPath": "$.results",
        "Next": "Count",
    }


def _row(parameters: State) -> State:
    return {"Type": "Pass", "Parameters": parameters, "End": True}
