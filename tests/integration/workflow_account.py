"""AWS account in memory, in which state machines are executed and Lambda functions are functions of this process."""

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from examples.local_account import REGION, Function, LocalAccount, Throttled, aws_in_memory, receive
from moto.core import DEFAULT_ACCOUNT_ID
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from discern.shipping.workflow.task_states import FUNCTION as FUNCTION_PLACE
from discern.shipping.workflow.task_states import TOPIC

__all__ = ["FUNCTION", "ROLE", "Throttled", "WorkflowAccount", "entered", "workflow_account"]

FUNCTION = f"arn:aws:lambda:{REGION}:{DEFAULT_ACCOUNT_ID}:function:discern-test"
ROLE = f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/discern-test"


class Executions(list[Any]):
    """Executions of a state machine, which are not copied with it: their locks cannot be."""

    def __deepcopy__(self, memo: object) -> list[Any]:
        return []


class WorkflowAccount(LocalAccount):
    """Account with a bucket `pictures`, a queue that receives notices, and the state machines that are created."""

    def __init__(self, function: Function) -> None:
        super().__init__()
        self.s3, self.states = boto3.client("s3"), boto3.client("stepfunctions")
        self.answer("discern-test", function)
        self.topic = boto3.client("sns").create_topic(Name="notices")["TopicArn"]
        self._queue = self.subscribe(self.topic)

    def put(self, key: str, content: bytes) -> dict[str, str]:
        self.s3.put_object(Bucket="pictures", Key=key, Body=content)
        return {"s3_bucket": "pictures", "s3_key": key}

    def keys(self, prefix: str = "") -> list[str]:
        listed = self.s3.list_objects_v2(Bucket="pictures", Prefix=prefix)
        return [each["Key"] for each in listed.get("Contents", ())]

    def create(self, definition: str) -> str:
        text = definition.replace(FUNCTION_PLACE, FUNCTION).replace(TOPIC, self.topic)
        machine = self.states.create_state_machine(name=uuid.uuid4().hex, definition=text, roleArn=ROLE)[
            "stateMachineArn"
        ]
        self.allow_more_executions(machine)
        return machine

    @staticmethod
    def allow_more_executions(machine: str) -> None:
        """Let a state machine be executed more than once."""
        stepfunctions_parser_backends[DEFAULT_ACCOUNT_ID][REGION].describe_state_machine(
            machine
        ).executions = Executions()

    def execute(self, machine: str, state: Any) -> dict[str, Any]:
        """Run an execution to its end and return its description, with its `history`."""
        name, text = uuid.uuid4().hex, json.dumps(state)
        started = self.states.start_execution(stateMachineArn=machine, name=name, input=text)["executionArn"]
        end = time.monotonic() + 300
        while (found := self.states.describe_execution(executionArn=started))["status"] == "RUNNING":
            assert time.monotonic() < end
            time.sleep(0.02)
        return found | {"history": self.history(started)}

    def history(self, execution: str) -> list[dict[str, Any]]:
        pages = self.states.get_paginator("get_execution_history").paginate(executionArn=execution)
        return [event for page in pages for event in page["events"]]

    def notices(self) -> list[Any]:
        """Contents of the notices since the last call."""
        return receive(self._queue)


@contextmanager
def workflow_account(function: Function) -> Iterator[WorkflowAccount]:
    """Context manager for an account whose Lambda functions are one function of this process."""
    with aws_in_memory():
        yield WorkflowAccount(function)


def entered(execution: dict[str, Any]) -> list[str]:
    """Names of the states that an execution entered, in order."""
    details = [event.get("stateEnteredEventDetails") for event in execution["history"]]
    return [each["name"] for each in details if each]
