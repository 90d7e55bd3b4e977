"""Workflows, executed with the function in a process of its own, which the real runtime client runs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from discern.bundle import Model, load
from discern.shipping.workflow.state_machine import build_state_machine, to_text
from discern.shipping.workflow.workflow_options import WorkflowOptions
from tests.cloud_services import relayed_services
from tests.integration.test_workflow_executed import doubtful, png
from tests.integration.workflow_account import WorkflowAccount, entered, workflow_account
from tests.runtime_api import FunctionError, RunningFunction, write_client, write_task
from tests.unit.bundle.factories import write_small

PHOTO = png(250, 0, 0)


class Forwarded:
    """Function that is invoked through the Runtime API, and whose errors have the types that it reports."""

    running: RunningFunction

    def __call__(self, event: Any) -> Any:
        try:
            return self.running(event)
        except FunctionError as error:
            raise type(error.kind, (Exception,), {})(error.message) from error


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder like the package."""
    folder = tmp_path_factory.mktemp("task")
    write_task(folder)
    write_small(folder / "model.discern")
    return folder


@pytest.fixture(scope="module")
def model(task: Path) -> Model:
    return load(task / "model.discern")


@pytest.fixture(scope="module")
def account(task: Path, model: Model, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkflowAccount]:
    """Account whose one function is a process with the files of the package."""
    client, function = tmp_path_factory.mktemp("client"), Forwarded()
    write_client(client)
    with workflow_account(function) as found, relayed_services() as services:
        own = {**services, "DISCERN_FINGERPRINT": model.fingerprint}
        with RunningFunction(task, [client], own) as function.running:
            yield found


def define(model: Model, **options: Any) -> str:
    return to_text(build_state_machine(WorkflowOptions(**options), model.manifest))


def test_a_confident_answer_passes(account: WorkflowAccount, model: Model) -> None:
    done = account.execute(account.create(define(model, threshold=0.6)), account.put("a +ü%20.png", PHOTO))
    assert done["status"] == "SUCCEEDED", done
    assert entered(done) == ["Has a picture", "Serialize", "Classify", "Filter", "Accepted"]
    answer, here = json.loads(done["output"])["answer"], model(PHOTO).to_json()
    assert (answer["label"], answer["confidence"]) == (here["label"], here["confidence"])


def test_an_answer_below_the_threshold_fails_the_execution(account: WorkflowAccount, model: Model) -> None:
    machine = account.create(define(model, threshold=1.0, review_prefix="review", notify=True))
    done = account.execute(machine, account.put("in/a.png", PHOTO))
    assert (done["status"], done["error"]) == ("FAILED", "THRESHOLD_CONFIDENCE_NOT_MET")
    [failed] = [event["taskFailedEventDetails"] for event in done["history"] if event["type"] == "TaskFailed"]
    assert (failed["error"], json.loads(failed["cause"])["errorMessage"]) == ("ThresholdNotMet", done["error"])
    assert account.keys("review/in/") == ["review/in/a.png"]
    assert len(account.notices()) == 1


@pytest.mark.parametrize(
    ("key", "content", "error"),
    [
        ("cut.png", PHOTO[:40], "TruncatedPicture"),
        ("text.png", b"text", "NotAPicture"),
        ("gone.png", None, "NotFound"),
    ],
)
def test_a_picture_that_cannot_be_read_fails_the_execution(
    account: WorkflowAccount, model: Model, key: str, content: bytes | None, error: str
) -> None:
    state = {"s3_bucket": "pictures", "s3_key": key} if content is None else account.put(key, content)
    done = account.execute(account.create(define(model, threshold=0.6)), state)
    assert (done["status"], done["error"]) == ("FAILED", "PICTURE_NOT_CLASSIFIED")
    [failed] = [event["taskFailedEventDetails"] for event in done["history"] if event["type"] == "TaskFailed"]
    assert failed["error"] == error


def test_three_bad_pictures_of_a_hundred_do_not_stop_the_others(account: WorkflowAccount, model: Model) -> None:
    items: list[Any] = [account.put(f"{number:03}.png", PHOTO) for number in range(96)]
    items.insert(50, account.put("doubtful.png", doubtful()))
    bad = [account.put("cut.png", PHOTO[:40]), {"s3_bucket": "pictures", "s3_key": "gone.png"}, "text"]
    for number, item in enumerate(bad):
        items.insert(7 * number + 1, item)
    done = account.execute(account.create(define(model, map=True)), {"items": items})
    assert done["status"] == "SUCCEEDED", done
    output = json.loads(done["output"])
    assert output["counts"] == {"pictures": 100, "accepted": 96, "below": 1, "failed": 3}
    assert [row["item"] for row in output["results"]] == items
    assert [row["failed"] for row in output["results"] if "failed" in row] == [
        "TruncatedPicture",
        "NotFound",
        "NO_PICTURE",
    ]
