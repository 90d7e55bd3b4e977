"""Whatever prevents a call to AWS is named, with its remedy, in the same words for every command."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore import exceptions as failures
from botocore.exceptions import ClientError
from examples.aws_environment import aws_environment

from discern.buckets.account_clients import AccountClients, plain_errors
from discern.errors import UsageError
from discern.flow.deployed import ship_down, ship_status, stop_notebooks
from discern.flow.workflow_traffic import send_traffic
from discern.shipping.aws.function_stack import create_stack
from discern.shipping.aws.site_stack import create_site
from discern.shipping.aws.workflow_stack import create_workflow
from tests.unit.bundle.factories import write_small
from tests.unit.inference.factories import RED

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:scones"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:scones"
TAGS = {"discern:bundle": "scones"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle, a picture and the files of a plan."""
    folder = tmp_path_factory.mktemp("files")
    write_small(folder / "model.discern")
    (folder / "pictures").mkdir()
    (folder / "pictures/red.png").write_bytes(RED)
    (folder / "template.yaml").write_text('{"Resources": {}}')
    (folder / "function.zip").write_bytes(b"zip")
    return folder


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    with aws_environment():
        yield


def traffic(folder: Path) -> Any:
    record = folder / "traffic.jsonl"
    record.unlink(missing_ok=True)
    return send_traffic(
        folder / "model.discern", folder / "pictures", state_machine=MACHINE, bucket="pictures", record=record
    )


def workflow(folder: Path) -> Any:
    return create_workflow("s", folder / "template.yaml", function=FUNCTION, bucket="pictures", tags=TAGS)


COMMANDS: dict[str, Callable[[Path], Any]] = {
    "lambda": lambda folder: create_stack("s", folder / "template.yaml", folder / "function.zip", tags=TAGS),
    "workflow": workflow,
    "traffic": traffic,
    "site": lambda folder: create_site("s", folder, tags=TAGS),
    "status": lambda folder: ship_status(),
    "down": lambda folder: ship_down(yes=True),
    "stop-notebooks": lambda folder: stop_notebooks(yes=True),
}


@pytest.fixture(params=COMMANDS)
def command(request: pytest.FixtureRequest, folder: Path) -> Callable[[], Any]:
    return lambda: COMMANDS[request.param](folder)


def test_missing_credentials_are_named(command: Callable[[], Any]) -> None:
    del os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
    with pytest.raises(UsageError, match=r"^No AWS credentials are set. Set AWS_ACCESS_KEY_ID"):
        command()


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - {"traffic"}))  # the state machine's name has its region
def test_a_missing_region_is_named(name: str, folder: Path) -> None:
    del os.environ["AWS_DEFAULT_REGION"]
    with pytest.raises(UsageError, match=r"^No AWS region is set. Set AWS_REGION"):
        COMMANDS[name](folder)


def test_a_missing_library_is_named(command: Callable[[], Any]) -> None:
    loaded = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in ("boto3", "botocore")}
    sys.modules.update(dict.fromkeys(loaded))  # type: ignore[arg-type]
    try:
        with pytest.raises(
            UsageError, match=r"^Calls to AWS need boto3, which is not installed. Install it with: pip install boto3$"
        ):
            command()
    finally:
        sys.modules.update(loaded)


def test_an_address_that_nobody_answers_is_named(command: Callable[[], Any]) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        os.environ |= {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{closed.getsockname()[1]}", "AWS_MAX_ATTEMPTS": "1"}
        with pytest.raises(UsageError, match=r"^AWS cannot be reached: .*AWS_ENDPOINT_URL"):
            command()


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"AWS_ENDPOINT_URL": "garbage"}, "Invalid endpoint: garbage.*AWS_ENDPOINT_URL"),
        ({"AWS_DEFAULT_REGION": "us east"}, "us east"),
        ({"AWS_PROFILE": "nobody"}, "nobody.*AWS_PROFILE"),
        ({"AWS_CONFIG_FILE": __file__}, "parse config file"),
        ({"AWS_MAX_ATTEMPTS": "many"}, "settings of AWS are invalid.*many"),
    ],
)
def test_invalid_settings_are_named(changed: dict[str, str], match: str) -> None:
    os.environ |= changed
    with pytest.raises(UsageError, match=match):
        ship_status()


def test_a_part_of_the_credentials_is_named() -> None:
    del os.environ["AWS_SECRET_ACCESS_KEY"]
    with pytest.raises(UsageError, match=r"credentials cannot be used.*AWS_SECRET_ACCESS_KEY"):
        ship_status()


def test_the_region_is_that_of_the_option_then_of_either_variable() -> None:
    assert AccountClients().region == "us-east-1"
    os.environ["AWS_REGION"] = "eu-west-1"
    assert AccountClients().region == AccountClients()["s3"].meta.region_name == "eu-west-1"
    assert AccountClients("eu-central-1").region == "eu-central-1"


def answered(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "so it is."}}, "CreateStack")


@pytest.mark.parametrize(
    ("error", "match"),
    [
        (answered("ExpiredTokenException"), "credentials have expired. Sign in again"),
        (answered("ExpiredToken"), "credentials have expired. Sign in again"),
        (failures.UnauthorizedSSOTokenError(), "credentials have expired"),
        (failures.SSOTokenLoadError(error_msg="no token"), "credentials have expired.*no token"),
        (answered("InvalidClientTokenId"), "does not accept the credentials"),
        (answered("InvalidAccessKeyId"), "does not accept the credentials"),
        (answered("SignatureDoesNotMatch"), "does not accept the credentials"),
        (answered("RequestTimeTooSkewed"), "the time of this machine. Set the clock"),
        (answered("AccessDenied"), "do not permit CreateStack: so it is. Ask for that permission"),
        (answered("ThrottlingException"), "limits the rate of CreateStack"),
        (answered("ValidationError"), r"refused CreateStack \(ValidationError\): so it is. Check"),
        (failures.NoCredentialsError(), "No AWS credentials are set"),
        (failures.CredentialRetrievalError(provider="p", error_msg="broken"), "cannot be used.*broken"),
        (failures.ParamValidationError(report="Invalid bucket name"), "with these values.*Invalid bucket name"),
        (failures.ReadTimeoutError(endpoint_url="http://x"), "cannot be reached"),
        (failures.ConnectTimeoutError(endpoint_url="http://x"), "cannot be reached"),
        (failures.SSLError(endpoint_url="http://x", error="certificate"), "cannot be reached.*certificate"),
        (failures.ProxyConnectionError(proxy_url="http://x"), "cannot be reached.*proxy"),
        (failures.WaiterError(name="w", reason="max attempts", last_response={}), "did not finish in time or failed"),
        (failures.UnknownServiceError(service_name="s", known_service_names="t"), "call to AWS failed"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_each_error_has_its_message(error: Exception, match: str) -> None:
    with pytest.raises(UsageError, match=match) as caught, plain_errors():
        raise error
    assert not caught.value.message.endswith("..")
    assert caught.value.hint


def test_a_function_loads_no_more_than_it_needs() -> None:
    code = "import sys, discern.shipping.aws.runtime_services; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300)
    loaded = done.stdout.split()
    rooms = ("discern.shipping.aws.", "discern.buckets.")
    aws = {name.rpartition(".")[2] for name in loaded if name.startswith(rooms)}
    assert aws == {"account_clients", "runtime_services"}
    assert {name.partition(".")[0] for name in loaded}.isdisjoint(("boto3", "botocore", "polars", "numpy"))
