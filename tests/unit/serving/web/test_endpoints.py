"""The other doors: SageMaker's, the Open Inference Protocol's, health, admin; all with the same answer."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from discern.bundle import Model, Thresholds
from discern.inference.model_registry import ModelRegistry
from discern.serving.keys import add_key
from tests.unit.bundle.factories import LABELS, SIZE, write_small
from tests.unit.serving.web.conftest import DARK, RED

BYTES = {"name": "image", "datatype": "BYTES"}


def infer(client: TestClient, said: Any) -> Any:
    return client.post("/v2/models/colours/infer", json=said)


def b64(*pictures: bytes) -> list[str]:
    return [base64.b64encode(picture).decode() for picture in pictures]


@pytest.mark.parametrize("path", ["/ping", "/healthz", "/readyz", "/v2", "/v2/health/live", "/v2/health/ready"])
def test_it_is_well(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 200


def test_invocations_serve_older_callers(client: TestClient, model: Model) -> None:
    said = client.post("/invocations", content=RED, headers={"Content-Type": "application/x-image"}).json()
    expected = model(RED)
    assert said["predicted_label"] == said["label"] == expected.label
    assert said["predicted_index"] == LABELS.index(expected.label)
    assert said["class_labels"] == list(LABELS)
    assert said["probabilities"] == expected.probabilities
    assert said["decision"] == expected.decision


def test_invocations_give_an_array_where_that_is_asked_for(client: TestClient, model: Model) -> None:
    accept = {"Accept": "application/json; format=array"}
    assert client.post("/invocations", content=RED, headers=accept).json() == list(model(RED).probabilities.values())
    two = client.post("/invocations", json=[{"image_b64": each} for each in b64(RED, DARK)], headers=accept).json()
    expected = np.array([list(model(each).probabilities.values()) for each in (RED, DARK)])
    assert np.array(two) == pytest.approx(expected, abs=1e-4)


def test_invocations_refuse_with_a_status(client: TestClient) -> None:
    assert client.post("/invocations", content=b"text").status_code == 415
    several = client.post("/invocations", json=[{"image_b64": each} for each in b64(RED, b"text")]).json()
    assert several[1]["error"]["code"] == "not_a_picture"


def test_the_protocol_answers_pictures(client: TestClient, model: Model) -> None:
    said = infer(client, {"id": "7", "inputs": [BYTES | {"shape": [2], "data": b64(RED, DARK)}]}).json()
    outputs = {each["name"]: each for each in said["outputs"]}
    expected = [model(RED), model(DARK)]
    assert (said["id"], said["model_name"], said["model_version"]) == ("7", "colours", "1")
    assert outputs["label"]["data"] == [each.label for each in expected]
    assert outputs["decision"]["data"] == [each.decision for each in expected]
    assert outputs["probabilities"]["shape"] == [2, 2]
    assert np.reshape(outputs["probabilities"]["data"], (2, 2)) == pytest.approx(
        np.array([list(each.probabilities.values()) for each in expected]), abs=1e-5
    )
    assert json.loads(outputs["prediction"]["data"][1])["message"] == expected[1].message


def test_the_protocol_answers_pixels(client: TestClient, model: Model) -> None:
    pixels = model.prepare(RED)
    tensor = {"name": "pixels", "datatype": "UINT8", "shape": [1, SIZE, SIZE, 3], "data": pixels.ravel().tolist()}
    said = infer(client, {"inputs": [tensor], "outputs": [{"name": "label"}]}).json()
    assert [(each["name"], each["data"]) for each in said["outputs"]] == [("label", ["red"])]


BAD_TENSORS = {
    "no inputs": {"inputs": []},
    "two inputs": {"inputs": [BYTES | {"shape": [1], "data": b64(RED)}] * 2},
    "another shape": {"inputs": [BYTES | {"shape": [3], "data": b64(RED)}]},
    "no pictures": {"inputs": [BYTES | {"shape": [0], "data": []}]},
    "no base64": {"inputs": [BYTES | {"shape": [1], "data": ["!"]}]},
    "numbers": {"inputs": [BYTES | {"shape": [1], "data": [1]}]},
    "another type": {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1], "data": [1]}]},
    "few pixels": {"inputs": [{"datatype": "UINT8", "shape": [1, SIZE, SIZE, 3], "data": [1, 2]}]},
    "another size": {"inputs": [{"datatype": "UINT8", "shape": [1, 1, 1, 3], "data": [1, 2, 3]}]},
    "large numbers": {"inputs": [{"datatype": "UINT8", "shape": [1, SIZE, SIZE, 3], "data": [300] * SIZE * SIZE * 3}]},
    "fractions": {"inputs": [{"datatype": "UINT8", "shape": [1, SIZE, SIZE, 3], "data": [0.5] * SIZE * SIZE * 3}]},
    "ragged": {"inputs": [{"datatype": "UINT8", "shape": [1, SIZE, SIZE, 3], "data": [[1], [1, 2]]}]},
    "huge numbers": {"inputs": [{"datatype": "UINT8", "shape": [1, SIZE, SIZE, 3], "data": [10**30]}]},
    "many outputs": {"inputs": [BYTES | {"shape": [1], "data": b64(RED)}], "outputs": [{"name": "label"}] * 6},
    "another output": {"inputs": [BYTES | {"shape": [1], "data": b64(RED)}], "outputs": [{"name": "x"}]},
}


@pytest.mark.parametrize("name", BAD_TENSORS)
def test_the_protocol_refuses_what_makes_no_sense(client: TestClient, name: str) -> None:
    answer = infer(client, BAD_TENSORS[name])
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_request"), answer.text


def test_the_protocol_answers_as_many_pixels_as_it_says(client: TestClient, model: Model) -> None:
    pixels = np.stack([model.prepare(RED)] * 8)
    for data in (pixels.ravel().tolist(), pixels.tolist()):
        tensor = {"name": "pixels", "datatype": "UINT8", "shape": list(pixels.shape), "data": data}
        assert infer(client, {"inputs": [tensor], "outputs": [{"name": "label"}]}).json()["outputs"][0]["shape"] == [8]


def test_the_protocol_takes_nested_texts(client: TestClient) -> None:
    tensor = BYTES | {"shape": [2, 1], "data": [[text] for text in b64(RED, DARK)]}
    assert infer(client, {"inputs": [tensor]}).status_code == 200


def test_an_id_of_half_a_character_cannot_be_repeated(client: TestClient) -> None:
    question = json.dumps({"id": "\ud800", "inputs": [BYTES | {"shape": [1], "data": b64(RED)}]})
    assert client.post("/v2/models/colours/infer", content=question).status_code == 400


def test_the_protocol_knows_its_versions(client: TestClient) -> None:
    question = {"inputs": [BYTES | {"shape": [1], "data": b64(RED)}]}
    version = client.get("/v2/models/colours").json()["versions"][0]
    assert client.get(f"/v2/models/colours/versions/{version}").json()["name"] == "colours"
    assert client.get(f"/v2/models/colours/versions/{version}/ready").json()["ready"]
    assert client.post(f"/v2/models/colours/versions/{version}/infer", json=question).status_code == 200
    assert client.post("/v2/models/colours/versions/7/infer", json=question).status_code == 404


def test_the_protocol_says_that_it_reads_no_binary_tensors(client: TestClient) -> None:
    refused = client.post(
        "/v2/models/colours/infer", content=b"{}xxxx", headers={"Inference-Header-Content-Length": "2"}
    )
    assert refused.status_code == 400
    assert "binary_data=False" in refused.json()["error"]["hint"]


def test_the_protocol_speaks_of_the_model_that_answered(
    serve: Callable[..., TestClient], bundle: Path, tmp_path: Path
) -> None:
    """Another bundle takes the place while a request's body is still on its way."""
    path = tmp_path / "m.discern"
    path.write_bytes(bundle.read_bytes())
    roster = ModelRegistry([path])
    client = serve(app={"roster": roster})
    body = json.dumps({"inputs": [BYTES | {"shape": [1], "data": b64(RED)}]}).encode()

    def slowly() -> Iterator[bytes]:
        yield body[:10]
        write_small(path, labels=("dark", "red"), version="2")
        roster.reload()
        yield body[10:]

    said = client.post("/v2/models/colours/infer", content=slowly()).json()
    assert said["model_version"] == "2"


def test_an_output_is_given_once(client: TestClient) -> None:
    said = infer(client, {"inputs": [BYTES | {"shape": [1], "data": b64(RED)}], "outputs": [{"name": "label"}] * 3})
    assert len(said.json()["outputs"]) == 1


def test_a_body_of_the_protocol_keeps_the_gates_limits(serve: Callable[..., TestClient]) -> None:
    client = serve(max_request_bytes=1000)
    answer = client.post("/v2/models/colours/infer", content=iter([b" " * 600] * 3))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
    many = serve().post("/v2/models/colours/infer", content=b"[" * 100_000)
    assert (many.status_code, many.json()["error"]["code"]) == (413, "too_large")


def test_the_protocol_refuses_bad_pictures_and_models(client: TestClient) -> None:
    assert infer(client, {"inputs": [BYTES | {"shape": [2], "data": b64(RED, b"text")}]}).status_code == 415
    assert client.get("/v2/models/none").status_code == 404
    assert client.get("/v2/models/none/ready").status_code == 404


def test_the_protocol_describes_the_model(client: TestClient) -> None:
    said = client.get("/v2/models/colours").json()
    assert {each["name"]: each["shape"] for each in said["inputs"]} == {"image": [-1], "pixels": [-1, SIZE, SIZE, 3]}
    assert said["parameters"]["labels"] == list(LABELS)
    assert client.get("/v2/models/colours/ready").json()["ready"]


def test_a_bundle_is_replaced_by_whoever_may(serve: Callable[..., TestClient], tmp_path: Path) -> None:
    bundle, keys = write_small(tmp_path / "m.discern"), tmp_path / "keys.txt"
    ask, boss = add_key(keys, "asker"), add_key(keys, "boss", admin=True)
    client = serve(bundles=(str(bundle),), key_file=keys)
    before = client.post("/predict", content=RED, headers={"X-API-Key": ask}).json()["model"]["fingerprint"]
    write_small(bundle, thresholds=Thresholds(unknown=0.5))
    assert client.post("/admin/reload", headers={"X-API-Key": ask}).status_code == 403
    assert client.post("/admin/reload", headers={"X-API-Key": boss}).json() == {"reloaded": ["colours"]}
    after = client.post("/predict", content=RED, headers={"X-API-Key": ask}).json()["model"]["fingerprint"]
    assert after != before
    bundle.write_bytes(b"nothing")
    answer = client.post("/admin/reload", headers={"X-API-Key": boss})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "bundle_damaged")
    assert client.post("/predict", content=RED, headers={"X-API-Key": ask}).status_code == 200


def test_figures_are_counted(client: TestClient) -> None:
    client.post("/predict", content=RED)
    client.post("/predict", content=b"text")
    client.get("/some/path")
    page = client.get("/metrics").text
    assert 'discern_answers_total{decision="accept",model="colours"} 1.0' in page
    assert 'discern_refused_pictures_total{code="not_a_picture"} 1.0' in page
    assert 'discern_requests_total{method="POST",route="/predict",status="415"} 1.0' in page
    assert 'discern_requests_total{method="GET",route="other",status="404"} 1.0' in page
    assert 'discern_pending_pictures{model="colours"} 0.0' in page


def test_the_document_describes_every_door(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert {
        "/predict",
        "/model",
        "/invocations",
        "/ping",
        "/v2/models/{name}/infer",
        "/admin/reload",
        "/metrics",
    } <= set(document["paths"])
    assert "security" not in document
    predict = document["paths"]["/predict"]["post"]
    assert {"multipart/form-data", "application/json", "image/*"} <= set(predict["requestBody"]["content"])
    assert {"200", "400", "413", "415", "422", "429", "503"} <= set(predict["responses"])


def test_the_document_says_how_a_key_is_sent(serve: Callable[..., TestClient], tmp_path: Path) -> None:
    add_key(tmp_path / "keys.txt", "asker")
    document = serve(key_file=tmp_path / "keys.txt").get("/openapi.json").json()
    assert document["security"] == [{"key": []}]
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
