"""AWS account in memory, in which state machines are executed and Lambda functions are functions of this process."""

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
from jsonpath_ng.ext.parser import ExtendedJsonPathParser
from moto import mock_aws
from moto.awslambda_simple.models import LambdaSimpleBackend, lambda_simple_backends
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.exceptions import JsonRESTError
from moto.stepfunctions import models as stepfunctions_models
from moto.stepfunctions import responses  # noqa: F401 - takes its service from the models while they are unchanged
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.utils import json_path
from moto.stepfunctions.parser.asl.utils.boto_client import boto_client_for
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from discern.shipping.workflow.task_states import FUNCTION as FUNCTION_PLACE
from discern.shipping.workflow.task_states import TOPIC
from tests.aws_environment import aws_environment

# The interpreter builds a parser for each path that it reads and a client for each task, at 0.1 to 0.3 seconds apiece.
_paths, _one_at_a_time = ExtendedJsonPathParser(), threading.Lock()


@cache
def _parse(path: str) -> Any:
    with _one_at_a_time:
        return _paths.parse(path)


json_path.parse = _parse
_lambda_client = cache(lambda region: boto_client_for(region, "lambda"))
lambda_eval_utils.boto_client_for = lambda region, service, state_credentials: _lambda_client(region)
REGION = "us-east-1"
FUNCTION = f"arn:aws:lambda:{REGION}:{DEFAULT_ACCOUNT_ID}:function:discern-test"
ROLE = f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/discern-test"
Function = Callable[[Any], Any]


class Throttled(Exception):
    """Raised by a function to say that Lambda refused the call."""


class ForwardingBackend(LambdaSimpleBackend):
    """Lambda service whose functions all forward to one function of this process."""

    function: Function

    def invoke(self, function_name: str, qualifier: Any, body: Any, headers: Any, response_headers: Any) -> bytes:
        """Run the function on an event; an exception is what Lambda makes of one."""
        assert function_name.endswith("discern-test")
        try:
            answer = self.function(json.loads(body))
        except Throttled as error:
            refused = JsonRESTError("TooManyRequestsException", "Rate exceeded")
            refused.code = 429
            raise refused from error
        except Exception as error:  # noqa: BLE001 - as the runtime does
            response_headers["x-amz-function-error"] = "Unhandled"
            answer = {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": []}
        return json.dumps(answer).encode()


class Executions(list[Any]):
    """Executions of a state machine, which are not copied with it: their locks cannot be."""

    def __deepcopy__(self, memo: object) -> list[Any]:
        return []


class WorkflowAccount:
    """Account with a bucket `pictures`, a queue that receives notices, and the state machines that are created."""

    def __init__(self, function: Function) -> None:
        self.s3, self.states = boto3.client("s3"), boto3.client("stepfunctions")
        self.s3.create_bucket(Bucket="pictures")
        lambda_simple_backends[DEFAULT_ACCOUNT_ID][REGION] = backend = ForwardingBackend(REGION, DEFAULT_ACCOUNT_ID)
        backend.function = function
        sns, self._sqs = boto3.client("sns"), boto3.client("sqs")
        self.topic = sns.create_topic(Name="notices")["TopicArn"]
        self._queue = self._sqs.create_queue(QueueName="notices")["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"]
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=attributes["QueueArn"])

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
        found: list[Any] = []
        while received := self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages"):
            for each in received:
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=each["ReceiptHandle"])
                found.append(json.loads(json.loads(each["Body"])["Message"]))
        return found


@contextmanager
def workflow_account(function: Function) -> Iterator[WorkflowAccount]:
    """Context manager for an account whose Lambda functions are one function of this process."""
    settings = {"lambda": {"use_docker": False}, "stepfunctions": {"execute_state_machine": True}}
    with aws_environment(REGION), mock_aws(config=settings):  # type: ignore[arg-type]
        # Otherwise CloudFormation creates state machines in a second service, which does not execute them.
        former, stepfunctions_models.stepfunctions_backends = (
            stepfunctions_models.stepfunctions_backends,
            stepfunctions_parser_backends,
        )
        try:
            yield WorkflowAccount(function)
        finally:
            stepfunctions_models.stepfunctions_backends = former


def entered(execution: dict[str, Any]) -> list[str]:
    """Names of the states that an execution entered, in order."""
    details = [event.get("stateEnteredEventDetails") for event in execution["history"]]
    return [each["name"] for each in details if each]
