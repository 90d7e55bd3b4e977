"""The function in a process of its own, run by the real runtime client on the package's modules alone."""

import base64
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from discern.bundle import load
from discern.shipping.package_content import discern_files
from tests.runtime_api import FunctionError, RunningFunction
from tests.unit.bundle.factories import write_small
from tests.unit.inference.factories import RED

PACKAGES = ("numpy", "numpy.libs", "PIL", "pillow.libs", "onnxruntime", "python_multipart")
CLIENT = ("awslambdaric", "snapshot_restore_py", "simplejson")


def site(name: str) -> Path:
    found = importlib.util.find_spec(name)
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent.parent if found.submodule_search_locations else Path(found.origin).parent


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like the package: our modules are copied, and the three packages linked."""
    folder = tmp_path_factory.mktemp("task")
    for name, data in discern_files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    for name in PACKAGES:
        home = site({"numpy.libs": "numpy", "pillow.libs": "PIL"}.get(name, name))
        if (home / name).exists():
            (folder / name).symlink_to(home / name)
    write_small(folder / "model.discern")
    return folder


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the runtime client alone."""
    folder = tmp_path_factory.mktemp("client")
    for name in CLIENT:
        if importlib.util.find_spec(name) is None:
            continue
        for path in site(name).glob(f"{name}*"):
            (folder / path.name).symlink_to(path)
    for path in site("awslambdaric").glob("runtime_client*"):
        (folder / path.name).symlink_to(path)
    return folder


@pytest.fixture(scope="module")
def function(task: Path, client: Path) -> Iterator[RunningFunction]:
    variables = {"DISCERN_FINGERPRINT": load(task / "model.discern").fingerprint}
    with RunningFunction(task, [client], variables) as running:
        yield running


def test_it_answers_events_as_python_does(function: RunningFunction, task: Path) -> None:
    here = load(task / "model.discern")(RED).to_json()
    body = base64.b64encode(RED).decode()
    second = {
        "rawPath": "/predict",
        "requestContext": {"http": {"method": "POST"}, "stage": "$default"},
        "headers": {"content-type": "image/png"},
        "body": body,
        "isBase64Encoded": True,
    }
    form = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + RED + b"\r\n--x--\r\n"
    multipart = {
        "headers": {"content-type": "multipart/form-data; boundary=x"},
        "body": base64.b64encode(form).decode(),
    }
    first = {"httpMethod": "POST", "path": "/predict", "headers": {"content-type": "application/json"}}
    for event in (second, second | multipart, first | {"body": json.dumps({"image_b64": body})}):
        there = json.loads(function(event)["body"])
        assert there | {"id": here["id"]} == here
    assert function({"image_data": body, "s3_bucket": "b", "s3_key": "k"})["inferences"] == list(
        here["probabilities"].values()
    )


def test_its_errors_have_the_type_and_the_message_of_the_contract(function: RunningFunction) -> None:
    with pytest.raises(FunctionError) as raised:
        function({"step": "filter", "threshold": 1, "image_data": "", "inferences": [0.2, 0.8]})
    assert (raised.value.kind, raised.value.message) == ("ThresholdNotMet", "THRESHOLD_CONFIDENCE_NOT_MET")


def test_it_does_not_start_with_another_bundle(task: Path, client: Path) -> None:
    with RunningFunction(task, [client], {"DISCERN_FINGERPRINT": "f" * 64}) as other:
        with pytest.raises(FunctionError) as raised:
            other({})
        assert "is not the bundle that was deployed" in raised.value.message
