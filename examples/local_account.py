"""AWS account in the memory of this process, in which state machines are executed and functions answer.

It stands in for a real account, and needs moto, which comes with the development dependencies. Lambda functions are
functions of this process, as others could not see the account's buckets.
"""

import json
import logging
import threading
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

from examples.aws_environment import REGION, aws_environment

# The interpreter builds a parser for each path that it reads and a client for each task, at 0.1 to 0.3 seconds apiece.
_paths, _one_at_a_time = ExtendedJsonPathParser(), threading.Lock()


@cache
def _parse(path: str) -> Any:
    with _one_at_a_time:
        return _paths.parse(path)


json_path.parse = _parse
_lambda_client = cache(lambda region: boto_client_for(region, "lambda"))
lambda_eval_utils.boto_client_for = lambda region, **_: _lambda_client(region)

Function = Callable[[Any], Any]


class Throttled(Exception):
    """Raised by a function to say that Lambda refused the call."""


class FunctionBackend(LambdaSimpleBackend):
    """Lambda service whose functions are functions of this process."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.functions: dict[str, Function] = {}

    def invoke(self, function_name: str, _qualifier: Any, body: Any, _headers: Any, response_headers: Any) -> bytes:
        """Run a function on an event; an exception is what Lambda makes of one."""
        function = self.functions[function_name.rpartition(":")[2]]
        try:
            answer = function(json.loads(body))
        except Throttled as error:
            refused = JsonRESTError("TooManyRequestsException", "Rate exceeded")
            refused.code = 429
            raise refused from error
        except Exception as error:  # noqa: BLE001 - as the runtime does
            response_headers["x-amz-function-error"] = "Unhandled"
            answer = {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": []}
        return json.dumps(answer).encode()


class LocalAccount:
    """Account with a bucket `pictures`, to which Lambda functions can be added."""

    bucket = "pictures"

    def __init__(self) -> None:
        boto3.client("s3").create_bucket(Bucket=self.bucket)
        self._backend = FunctionBackend(REGION, DEFAULT_ACCOUNT_ID)
        lambda_simple_backends[DEFAULT_ACCOUNT_ID][REGION] = self._backend

    def deploy(self, name: str, function: Function) -> str:
        """Create a Lambda function and its role, and return its ARN."""
        trust = json.dumps({"Version": "2012-10-17", "Statement": []})
        role = boto3.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        created = boto3.client("lambda").create_function(
            FunctionName=name, Role=role, Handler="a.b", Runtime="python3.12", Code={"ZipFile": b"x"}
        )
        self.answer(name, function)
        return str(created["FunctionArn"])

    def answer(self, name: str, function: Function) -> None:
        """Let a function of this process answer for a Lambda function."""
        self._backend.functions[name] = function

    def subscribe(self, topic: str) -> str:
        """Subscribe a new queue to an SNS topic, and return the queue's URL."""
        sqs = boto3.client("sqs")
        queue = sqs.create_queue(QueueName=f"{topic.rpartition(':')[2]}-notices")["QueueUrl"]
        found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
        boto3.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=found["QueueArn"])
        return str(queue)


def receive(queue: str) -> list[Any]:
    """Return the contents of the notices in a queue, and remove them from it."""
    sqs, found = boto3.client("sqs"), list[Any]()
    while received := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for each in received:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=each["ReceiptHandle"])
            found.append(json.loads(json.loads(each["Body"])["Message"]))
    return found


@contextmanager
def aws_in_memory() -> Iterator[None]:
    """Context manager for an AWS in memory, which all calls in this process reach, whatever the environment says."""
    log = logging.getLogger("moto")
    level, backends = log.level, stepfunctions_models.stepfunctions_backends
    settings = {"lambda": {"use_docker": False}, "stepfunctions": {"execute_state_machine": True}}
    try:
        # Otherwise CloudFormation creates state machines in a second service, which does not execute them.
        stepfunctions_models.stepfunctions_backends = stepfunctions_parser_backends
        log.setLevel(logging.CRITICAL)  # it logs each failed state as an error, with all that it knows of it
        with aws_environment(), mock_aws(config=settings):  # type: ignore[arg-type]
            yield
    finally:
        log.setLevel(level)
        stepfunctions_models.stepfunctions_backends = backends
