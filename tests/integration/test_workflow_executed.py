"""Workflows, executed by an interpreter of the Amazon States Language with the function that is deployed."""

import io
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from discern.bundle import Model, load
from discern.shipping.lambda_function.function import LambdaFunction
from discern.shipping.lambda_function.function_settings import FunctionSettings
from discern.shipping.workflow.state_machine import build_state_machine, to_text
from discern.shipping.workflow.workflow_options import WorkflowOptions
from tests.integration.workflow_account import Throttled, WorkflowAccount, entered, workflow_account
from tests.unit.bundle.factories import plain, write_small

TASKS = ["Has a picture", "Serialize", "Classify", "Filter"]


class DeployedFunction:
    """Function of the model, which can be told to be throttled first."""

    def __init__(self, model: Model) -> None:
        self.function = LambdaFunction(model, FunctionSettings())
        self.throttled, self.events = 0, list[Any]()

    def __call__(self, event: Any) -> Any:
        self.events.append(event)
        if self.throttled:
            self.throttled -= 1
            raise Throttled
        return self.function(event)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load(write_small(tmp_path_factory.mktemp("bundle") / "model.discern"))


@pytest.fixture(scope="module")
def deployed(model: Model) -> Iterator[DeployedFunction]:
    function = DeployedFunction(model)
    yield function
    function.function.close()


@pytest.fixture(scope="module")
def shared_account(deployed: DeployedFunction) -> Iterator[WorkflowAccount]:
    with workflow_account(deployed) as found:
        yield found


@pytest.fixture
def account(shared_account: WorkflowAccount, deployed: DeployedFunction) -> WorkflowAccount:
    """Account that all tests share, without notices and events of the former one."""
    deployed.events.clear()
    shared_account.notices()
    return shared_account


def png(red: int, green: int, blue: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(plain(red, green, blue)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def photo() -> bytes:
    """A picture that the model is sure about."""
    return png(250, 0, 0)


def doubtful() -> bytes:
    """A picture that the model is not sure about."""
    return png(120, 120, 120)


def kinds(execution: dict[str, Any]) -> Counter[str]:
    """Number of events of each type in the history."""
    return Counter(event["type"] for event in execution["history"])


def errors(execution: dict[str, Any]) -> list[str]:
    """Errors with which tasks failed, sorted."""
    details = [event.get("taskFailedEventDetails") for event in execution["history"]]
    return sorted(each["error"] for each in details if each)


def define(model: Model, **options: Any) -> str:
    return to_text(build_state_machine(WorkflowOptions(**options), model.manifest))


def test_a_confident_answer_passes(
    account: WorkflowAccount, deployed: DeployedFunction, model: Model, photo: bytes
) -> None:
    done = account.execute(account.create(define(model, threshold=0.6)), account.put("a +ü%20.png", photo))
    assert done["status"] == "SUCCEEDED"
    assert entered(done) == [*TASKS, "Accepted"]
    output = json.loads(done["output"])
    assert output.keys() == {"s3_bucket", "s3_key", "answer"}
    assert output["answer"]["confidence"] >= 0.6
    assert [event["step"] for event in deployed.events] == ["serialize", "classify", "filter"]
    history = done["history"]
    assert [event["type"] for event in (history[0], history[-1])] == ["ExecutionStarted", "ExecutionSucceeded"]
    assert {kinds(done)[f"Task{name}"] for name in ("StateEntered", "Scheduled", "Started", "Succeeded")} == {3}
    assert errors(done) == []
    assert [event["previousEventId"] < event["id"] for event in history] == [True] * len(history)
    assert max(len(repr(event)) for event in done["history"]) < 4096
    assert all(event.get("image_data", "") == "" for event in deployed.events)


def test_an_answer_below_the_threshold_fails_the_execution(
    account: WorkflowAccount, deployed: DeployedFunction, model: Model, photo: bytes
) -> None:
    machine = account.create(define(model, threshold=1.0, review_prefix="review", notify=True))
    done = account.execute(machine, account.put("in/a +ü%20.png", photo))
    assert (done["status"], done["error"]) == ("FAILED", "THRESHOLD_CONFIDENCE_NOT_MET")
    assert json.loads(done["cause"]).keys() == {"label", "decision", "confidence"}
    assert entered(done) == [
        *TASKS,
        "Below the threshold",
        "Copy for review",
        "Notify",
        "Outcome",
        "Not confident enough",
    ]
    assert account.keys("review/in/") == ["review/in/a +ü%20.png"]
    [notice] = account.notices()
    assert notice["state"]["failure"]["Error"] == "THRESHOLD_CONFIDENCE_NOT_MET"
    assert kinds(done)["TaskFailed"] == 1
    assert kinds(done)["TaskSucceeded"] == 4  # serialize, classify, review and the notice
    [failed] = [event["taskFailedEventDetails"] for event in done["history"] if event["type"] == "TaskFailed"]
    assert failed["error"] == "ThresholdNotMet"
    assert json.loads(failed["cause"])["errorMessage"] == "THRESHOLD_CONFIDENCE_NOT_MET"
    assert done["history"][-1]["type"] == "ExecutionFailed"


def test_the_decisions_of_the_bundle_are_the_default(account: WorkflowAccount, model: Model) -> None:
    machine = account.create(define(model))
    state = account.put("doubtful.png", doubtful())
    prediction = model(doubtful())
    done = account.execute(machine, state)
    assert (done["status"] == "SUCCEEDED") is (prediction.decision == "accept")
    assert prediction.decision != "accept"
    assert json.loads(done["cause"])["decision"] == prediction.decision


@pytest.mark.parametrize(
    ("state", "states", "error"),
    [
        ({"s3_bucket": "pictures", "s3_key": "cut.png"}, ["Has a picture", "Serialize"], "TruncatedPicture"),
        ({"s3_bucket": "pictures", "s3_key": "text.png"}, ["Has a picture", "Serialize"], "NotAPicture"),
        ({"s3_bucket": "pictures", "s3_key": "gone.png"}, ["Has a picture", "Serialize"], "NotFound"),
        ({"s3_bucket": "pictures"}, ["Has a picture", "No picture"], "NO_PICTURE"),
        ({"s3_bucket": 1, "s3_key": None}, ["Has a picture", "No picture"], "NO_PICTURE"),
    ],
)
def test_a_picture_that_cannot_be_used_fails_the_execution(
    account: WorkflowAccount, model: Model, photo: bytes, state: Any, states: list[str], error: str
) -> None:
    account.put("cut.png", photo[:40])
    account.put("text.png", b"hello")
    done = account.execute(account.create(define(model, threshold=0.6, notify=True)), state)
    assert (done["status"], done["error"]) == ("FAILED", "PICTURE_NOT_CLASSIFIED")
    assert entered(done)[: len(states)] == states
    assert entered(done)[-3:] == ["Notify", "Outcome", "Not classified"]
    assert errors(done) == ([] if error == "NO_PICTURE" else [error])
    assert kinds(done)["TaskSucceeded"] == 1  # the notice
    assert (done["history"][-1]["type"], done["history"][-1]["executionFailedEventDetails"]["error"]) == (
        "ExecutionFailed",
        "PICTURE_NOT_CLASSIFIED",
    )
    assert account.notices()[0]["state"]["failure"]["Error"] == error


def test_a_failed_copy_or_notice_does_not_hide_the_failure(account: WorkflowAccount, model: Model) -> None:
    text = define(model, threshold=0.6, review_prefix="review", notify=True).replace("${TopicArn}", account.topic + "x")
    done = account.execute(account.create(text), {"s3_bucket": "pictures", "s3_key": "gone.png"})
    assert done["error"] == "PICTURE_NOT_CLASSIFIED"
    assert "gone.png does not exist" in done["cause"]
    assert entered(done)[2:] == ["Picture failed", "Copy for review", "Notify", "Outcome", "Not classified"]


@pytest.mark.parametrize("route_by", ["label", "route"])
def test_an_answer_takes_the_branch_of_its_label(
    account: WorkflowAccount, model: Model, photo: bytes, route_by: str
) -> None:
    names = {label: {"name": "", "spoken": "", "route": "bay 2/east"} for label in model.labels}
    manifest = type(model.manifest).from_bytes(
        json.dumps(json.loads(model.manifest.to_bytes()) | {"names": names}).encode()
    )
    options = WorkflowOptions(threshold=0.6, route_by=route_by)  # type: ignore[arg-type]
    done = account.execute(account.create(to_text(build_state_machine(options, manifest))), account.put("a", photo))
    output = json.loads(done["output"])
    assert output["destination"] == (output["answer"]["label"] if route_by == "label" else "bay 2/east")
    branch = f"Route to {output['destination']}".replace("/", " ")
    assert entered(done) == [*TASKS, "Route by answer", branch, "Accepted"]
    assert kinds(done)["ChoiceStateExited"] == 2
    taken = [event["stateExitedEventDetails"] for event in done["history"] if event["type"] == "PassStateExited"]
    assert json.loads(taken[0]["output"])["destination"] == output["destination"]


def test_a_throttled_function_is_tried_again(
    account: WorkflowAccount, deployed: DeployedFunction, model: Model, photo: bytes
) -> None:
    deployed.throttled = 1
    done = account.execute(account.create(define(model, threshold=0.6)), account.put("a", photo))
    assert done["status"] == "SUCCEEDED"
    assert [event["step"] for event in deployed.events] == ["serialize", "serialize", "classify", "filter"]


def test_tries_end(account: WorkflowAccount, deployed: DeployedFunction, model: Model) -> None:
    text = define(model, threshold=0.6).replace('"MaxAttempts": 3', '"MaxAttempts": 1')
    deployed.throttled = 100
    done = account.execute(account.create(text), {"s3_bucket": "pictures", "s3_key": "a"})
    deployed.throttled = 0
    assert (done["status"], len(deployed.events)) == ("FAILED", 2)
    assert "Rate exceeded" in done["cause"]


def pictures_with_bad_ones(account: WorkflowAccount, photo: bytes, count: int, bad: int) -> list[Any]:
    items: list[Any] = [account.put(f"{number:03}.png", photo) for number in range(count - bad)]
    broken = [account.put("cut.png", photo[:40]), {"s3_bucket": "pictures", "s3_key": "gone.png"}, "text"]
    for number, item in enumerate(broken[:bad]):
        items.insert(7 * number + 1, item)
    return items


def test_three_bad_pictures_of_a_hundred_do_not_stop_the_others(
    account: WorkflowAccount, model: Model, photo: bytes
) -> None:
    items = pictures_with_bad_ones(account, photo, 100, 3)
    items[50] = account.put("doubtful.png", doubtful())
    done = account.execute(
        account.create(define(model, map=True, notify=True, review_prefix="review")), {"items": items}
    )
    output = json.loads(done["output"])
    assert output["counts"]["pictures"] == 100
    assert output["counts"]["failed"] == 3
    assert [row["item"] for row in output["results"]] == items
    failed = {str(row["item"]): row["failed"] for row in output["results"] if "failed" in row}
    assert failed == {str(items[1]): "TruncatedPicture", str(items[8]): "NotFound", "text": "NO_PICTURE"}
    assert output["counts"]["below"] == 1
    assert "below" in output["results"][50]
    assert sum(output["counts"][name] for name in ("accepted", "below", "failed")) == 100
    assert "review/doubtful.png" in account.keys("review/")
    assert account.notices()[0]["counts"] == output["counts"]
    [length] = [
        event["mapStateStartedEventDetails"]["length"]
        for event in done["history"]
        if event["type"] == "MapStateStarted"
    ]
    assert (length, kinds(done)["MapIterationStarted"], kinds(done)["MapIterationSucceeded"]) == (100, 100, 100)
    assert kinds(done)["MapIterationFailed"] == 0
    # Besides the two bad pictures that tasks see, the doubtful one is below the threshold, and one has nothing to copy.
    assert errors(done) == ["NotFound", "NotFound", "ThresholdNotMet", "TruncatedPicture"]
    assert entered(done).count("Serialize") == 99
    assert entered(done).count("Classify") == 97
    assert done["history"][-1]["type"] == "ExecutionSucceeded"
    assert len(done["history"]) < 25_000
    assert len(done["output"]) < 256 * 1024


@pytest.mark.parametrize(
    ("count", "bad", "tolerate", "error"),
    [(4, 2, 1, "TOO_MANY_FAILURES"), (2, 2, 5, "TOO_MANY_FAILURES"), (0, 0, 5, "NO_PICTURES")],
)
def test_too_many_bad_pictures_fail_the_execution(
    account: WorkflowAccount, model: Model, photo: bytes, count: int, bad: int, tolerate: int, error: str
) -> None:
    items = pictures_with_bad_ones(account, photo, count, bad)
    machine = account.create(define(model, threshold=0.6, map=True, tolerate=tolerate))
    done = account.execute(machine, {"items": items})
    assert (done["status"], done["error"]) == ("FAILED", error)


def test_a_list_that_is_too_long_fails_at_once(
    account: WorkflowAccount, deployed: DeployedFunction, model: Model
) -> None:
    machine = account.create(define(model, threshold=0.6, map=True))
    done = account.execute(machine, {"items": [{}] * 501})
    assert (done["error"], deployed.events) == ("TOO_MANY_PICTURES", [])


def test_the_interpreter_accepts_the_definition_as_it_is_written(account: WorkflowAccount, model: Model) -> None:
    for options in ({}, {"route_by": "label"}, {"map": True, "notify": True}):
        assert account.create(define(model, threshold=0.6, **options))
