"""States that take one picture through serialize, classify and filter, and end by outcome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from discern.shipping.workflow.answer_routes import Branch, route_states
from discern.shipping.workflow.task_states import BELOW_THRESHOLD, State, catch, lambda_task, notice_task
from discern.shipping.workflow.workflow_options import WorkflowOptions

START = "Has a picture"
_FAILURE = "Picture failed"
_BELOW = "Below the threshold"
_REVIEW = "Copy for review"
_NOTIFY = "Notify"
_END = "Outcome"
_ANSWER = ("label", "decision", "confidence")


@dataclass(frozen=True, kw_only=True)
class Ends:
    """Final states of a picture.

    Attributes:
        passed: states in which a picture ends that passed, the first one first.
        below: states in which one ends whose answer did not pass.
        failed: states in which one ends that could not be classified.
        notify: whether the last two are announced.
    """

    passed: Mapping[str, State]
    below: Mapping[str, State]
    failed: Mapping[str, State]
    notify: bool


def picture_states(options: WorkflowOptions, branches: Sequence[Branch], *, root: str, ends: Ends) -> dict[str, State]:
    """Return the states for one picture, from `START` to the ends.

    Args:
        options: options of the workflow.
        branches: branches by answer; none to end without them.
        root: reference path of the picture's place in the state, such as "$.item".
        ends: the final states.
    """
    place = {"s3_bucket.$": f"{root}.s3_bucket", "s3_key.$": f"{root}.s3_key"}
    after = next(iter(ends.passed))
    routes = route_states(branches, answer="$.classified.answer.label", after=after)
    states = {START: _has_picture(root), "No picture": _no_picture(options, ends)}
    states |= _tasks(options, place, after=next(iter(routes), after))
    states |= routes
    states |= _failures(options, place, ends)
    return states | dict(ends.passed) | dict(ends.below) | dict(ends.failed)


def _has_picture(root: str) -> State:
    names = [f"{root}.{name}" for name in ("s3_bucket", "s3_key")]
    tests = [{"Variable": name, test: True} for name in names for test in ("IsPresent", "IsString")]
    return {"Type": "Choice", "Choices": [{"And": tests, "Next": "Serialize"}], "Default": "No picture"}


def _no_picture(options: WorkflowOptions, ends: Ends) -> State:
    cause = "The input does not name its picture: s3_bucket and s3_key are missing or not text."
    after = _NOTIFY if ends.notify and options.notify else _END
    return _pass({"Error": "NO_PICTURE", "Cause": cause}, path="$.failure", after=after)


def _tasks(options: WorkflowOptions, place: Mapping[str, Any], *, after: str) -> dict[str, State]:
    answer = {f"{name}.$": f"$.Payload.{name}" for name in _ANSWER}
    serialize = lambda_task(
        "serialize",
        {"references": True, "image_data": "", **place},
        result={f"{name}.$": f"$.Payload.body.{name}" for name in ("image_data", "s3_bucket", "s3_key", "inferences")},
        path="$.serialized",
    )
    passed_on = {f"{name}.$": f"$.serialized.{name}" for name in ("image_data", "s3_bucket", "s3_key", "inferences")}
    classify = lambda_task(
        "classify",
        passed_on,
        result={"inferences.$": "$.Payload.inferences", "answer": answer},
        path="$.classified",
    )
    asked: dict[str, Any] = {"inferences.$": "$.classified.inferences", "decision.$": "$.classified.answer.decision"}
    if options.threshold is not None:
        asked["threshold"] = options.threshold
    screen = lambda_task("filter", asked, result=None, path=None)
    failed = [catch(_FAILURE)]
    return {
        "Serialize": serialize | {"Catch": failed, "Next": "Classify"},
        "Classify": classify | {"Catch": failed, "Next": "Filter"},
        "Filter": screen | {"Catch": [catch(_BELOW, errors="ThresholdNotMet"), *failed], "Next": after},
    }


def _failures(options: WorkflowOptions, place: Mapping[str, Any], ends: Ends) -> dict[str, State]:
    """Return the states from a caught error to its end: a copy for review and a notice, as far as wanted."""
    notify = ends.notify and options.notify
    chain = [name for name, wanted in ((_REVIEW, options.review_folder), (_NOTIFY, notify), (_END, True)) if wanted]
    said = {"Error": BELOW_THRESHOLD, "Cause.$": "States.JsonToString($.classified.answer)"}
    states: dict[str, State] = {
        _BELOW: {"Type": "Pass", "Parameters": said, "ResultPath": "$.failure", "Next": chain[0]},
        # Keeps the error that was caught, in a state of its own, so that the history says so.
        _FAILURE: {"Type": "Pass", "Next": chain[0]},
    }
    if options.review_folder:
        copied = {"s3_key.$": "$.Payload.review_key"}
        review = lambda_task(
            "review", {"review_prefix": options.review_folder, **place}, result=copied, path="$.review"
        )
        after = chain[1]
        states[_REVIEW] = review | {"Catch": [catch(after, path="$.review_failure")], "Next": after}
    if notify:
        notice = notice_task({"state.$": "$"})
        states[_NOTIFY] = notice | {"Catch": [catch(_END, path="$.notice_failure")], "Next": _END}
    below = {"Variable": "$.failure.Error", "StringEquals": BELOW_THRESHOLD, "Next": next(iter(ends.below))}
    states[_END] = {"Type": "Choice", "Choices": [below], "Default": next(iter(ends.failed))}
    return states


def _pass(result: Any, *, path: str, after: str) -> State:
    return {"Type": "Pass", "Result": result, "ResultPath": path, "Next": after}
