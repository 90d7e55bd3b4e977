"""Executions of a state machine, and the pictures that they classify."""

import json
import re
import time
from dataclasses import dataclass
from typing import Any

from discern.buckets.account_clients import AccountClients, error_code, plain_errors
from discern.errors import UsageError

_FIRST_PAUSE, _MOST_PAUSE = 0.2, 3.0  # not tuned: DescribeExecution is limited to some calls per second

_MACHINE = re.compile(r"(arn:aws[a-z-]*:states):([a-z0-9-]+):(\d{12}):stateMachine:([^:]+)(?::[^:]+)?")


@dataclass(frozen=True, kw_only=True)
class FinishedRun:
    """Execution that has ended, or that was not waited for any longer.

    Attributes:
        status: its status in Step Functions, such as "SUCCEEDED"; "RUNNING" if it has not ended.
        output: its output; None unless it succeeded.
        error: name of the error that it failed with, or "".
        cause: its explanation, or "".
        seconds: time from its start to its end.
    """

    status: str
    output: Any
    error: str
    cause: str
    seconds: float


class WorkflowRuns:
    """State machine that is executed with pictures in a bucket.

    Args:
        machine: ARN of the state machine.
        bucket: bucket to which pictures are uploaded.
    """

    def __init__(self, machine: str, bucket: str) -> None:
        found = _MACHINE.fullmatch(machine)
        if found is None:
            hint = "It looks like arn:aws:states:REGION:ACCOUNT:stateMachine:NAME."
            raise UsageError(f"{machine[:200]!r} is not the ARN of a state machine.", hint=hint)
        self._machine, self._bucket = machine, bucket
        start, region, account, name = found.groups()
        self._executions = f"{start}:{region}:{account}:execution:{name}"
        self._s3, self._states = AccountClients()["s3"], AccountClients(region)["stepfunctions"]

    def definition(self) -> str | None:
        """Return the definition of the state machine; None if it may not be read.

        Raises:
            UsageError: AWS cannot be reached, or there is no such state machine.
        """
        with plain_errors():
            try:
                found = self._states.describe_state_machine(stateMachineArn=self._machine)
            except self._states.exceptions.ClientError as error:
                if error_code(error) == "AccessDeniedException":
                    return None
                raise
            return str(found["definition"])

    def run(self, name: str, key: str, picture: bytes, *, timeout: float) -> FinishedRun:
        """Upload a picture, execute the state machine on it and wait for the end.

        An execution of that name is waited for instead, as an interrupted call has started it.

        Args:
            name: name of the execution.
            key: key of the picture in the bucket.
            picture: its content.
            timeout: seconds to wait at most.

        Raises:
            UsageError: AWS cannot be reached, or refuses.
        """
        with plain_errors():
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=picture)
            state = {"s3_bucket": self._bucket, "s3_key": key}
            execution = f"{self._executions}:{name}"
            try:
                self._states.start_execution(stateMachineArn=self._machine, name=name, input=json.dumps(state))
            # By its code: threads that need the client's own class of it first may each get another one.
            except self._states.exceptions.ClientError as error:
                if error_code(error) != "ExecutionAlreadyExists":
                    raise
            return self._wait(execution, timeout)

    def _wait(self, execution: str, timeout: float) -> FinishedRun:
        end, pause = time.monotonic() + timeout, _FIRST_PAUSE
        while True:
            found = self._states.describe_execution(executionArn=execution)
            if found["status"] != "RUNNING" or time.monotonic() > end:
                return _finished(found)
            time.sleep(pause)
            pause = min(_MOST_PAUSE, 1.5 * pause)


def _finished(found: dict[str, Any]) -> FinishedRun:
    ended = found.get("stopDate")
    return FinishedRun(
        status=found["status"],
        output=json.loads(found["output"]) if found["status"] == "SUCCEEDED" else None,
        error=found.get("error") or "",
        cause=found.get("cause") or "",
        seconds=0.0 if ended is None else (ended - found["startDate"]).total_seconds(),
    )
