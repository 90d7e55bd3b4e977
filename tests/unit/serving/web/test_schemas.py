"""OpenAPI document."""

from starlette.testclient import TestClient


def test_the_document_describes_every_endpoint(client: TestClient) -> None:
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


def test_numbers_may_be_null(client: TestClient) -> None:
    properties = client.get("/openapi.json").json()["components"]["schemas"]["PredictionJson"]["properties"]
    for name in ("confidence", "unknown_score"):
        assert {"type": "null"} in properties[name]["anyOf"]
    assert {"type": "null"} in properties["probabilities"]["additionalProperties"]["anyOf"]


def test_each_endpoint_has_a_summary(client: TestClient) -> None:
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        for each in methods.values():
            assert each["description"].endswith((".", "}`.")), path
