"""Task states of a workflow in the Amazon States Language (JSONPath)."""

from collections.abc import Mapping
from typing import Any

State = dict[str, Any]

FUNCTION = "${FunctionArn}"
"""Placeholder of the function's ARN, which CloudFormation replaces."""

TOPIC = "${TopicArn}"
"""Placeholder of the ARN of the SNS topic."""

BELOW_THRESHOLD = "THRESHOLD_CONFIDENCE_NOT_MET"
TASK_SECONDS = 60
"""Timeout of one attempt; not tuned: a cold start takes a few seconds."""

_NOTICE_SECONDS = 30
_MAX_ATTEMPTS = 3

# Only what passes by itself; an error in a picture or in the function stays when it is tried again.
_LAMBDA_ERRORS = (
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
)
_SNS_ERRORS = ("SNS.InternalErrorException", "SNS.ThrottledException")


def lambda_task(step: str, payload: Mapping[str, Any], *, result: Mapping[str, Any] | None, path: str | None) -> State:
    """Return a state that runs one task of the Lambda function, without its transitions.

    Args:
        step: name of the task.
        payload: other fields of the event.
        result: fields that are kept of the result; None for the whole.
        path: place of the result in the state; None drops it.
    """
    state: State = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": FUNCTION, "Payload": {"step": step, **payload}},
        "TimeoutSeconds": TASK_SECONDS,
        "Retry": _retry(_LAMBDA_ERRORS),
    }
    if result is not None:
        state["ResultSelector"] = dict(result)
    return state | {"ResultPath": path}


def notice_task(message: Mapping[str, Any]) -> State:
    """Return a state that publishes a message to the SNS topic, without its transitions."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Parameters": {"TopicArn": TOPIC, "Message": {"execution.$": "$$.Execution.Id", **message}},
        "TimeoutSeconds": _NOTICE_SECONDS,
        "Retry": _retry(_SNS_ERRORS),
        "ResultPath": None,
    }


def catch(target: str, *, errors: str = "States.ALL", path: str = "$.failure") -> State:
    """Return a catcher that puts the error into the state and continues elsewhere."""
    return {"ErrorEquals": [errors], "ResultPath": path, "Next": target}


def _retry(errors: tuple[str, ...]) -> list[State]:
    return [
        {
            "ErrorEquals": list(errors),
            "IntervalSeconds": 1,
            "MaxAttempts": _MAX_ATTEMPTS,
            "BackoffRate": 2.0,
            "MaxDelaySeconds": 20,
            "JitterStrategy": "FULL",
        }
    ]
