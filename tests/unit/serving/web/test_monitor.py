"""Endpoints of the monitor and the audit: their data, keys, hostile identifiers, and servers that capture nothing."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from discern.bundle import Model
from discern.inference.exchange import Feedback
from discern.serving.keys import add_key
from discern.watching.looking.published_looks import PublishedLook, publish
from discern.watching.stores.exchange_database import ExchangeDatabase
from discern.watching.stores.open_exchanges import open_store
from tests.unit.serving.web.captured import exchange_id, make_exchange, make_exchanges, make_look, painted

DATA = ("/monitor.json", f"/monitor/exchanges/{exchange_id(1)}", f"/monitor/pictures/{exchange_id(1)}", "/audit.json")
HOSTILE = ("x", "..%2f..%2fkeys.txt", "%00" * 32, "A" * 32, "0" * 33, "0" * 31 + "%0a", "'; drop table exchanges --")

Serve = Callable[..., TestClient]


@pytest.fixture
def store(tmp_path: Path, model: Model) -> ExchangeDatabase:
    """Return a store with 60 exchanges of the model, and one of another."""
    made = open_store(tmp_path / "captures", create=True)
    made.add([*make_exchanges(60, bundle=model.fingerprint), make_exchange(99, bundle="cd" * 32)])
    return made


@pytest.fixture
def captured(serve: Serve, store: ExchangeDatabase) -> TestClient:
    """Return a client of a server that shows the store."""
    return serve(app={"store": lambda: store})


def published(store: ExchangeDatabase, fingerprint: str, **changes: Any) -> None:
    ids = [exchange_id(number) for number in range(20)]
    look = make_look(fingerprint, examples=ids, **changes)
    publish(store, fingerprint, PublishedLook().after(look, taken=1.0, seconds=0.5))


def test_the_figures_are_those_of_the_model(captured: TestClient, model: Model) -> None:
    figures = captured.get("/monitor.json").json()
    assert figures["exchanges"] == 60
    assert figures["points"]["id"] == [exchange_id(number) for number in range(60)]
    assert {len(values) for values in figures["points"].values()} == {60}
    assert figures["model"]["thresholds"] == {"unknown": 0.6, "accept": 0.9}
    assert [each["label"] for each in figures["model"]["labels"]] == list(model.labels)
    assert figures["look"] is None


def test_only_newer_points_are_sent_to_a_page_that_has_some(captured: TestClient, store: ExchangeDatabase) -> None:
    first = captured.get("/monitor.json").json()["points"]
    assert captured.get(f"/monitor.json?after={first['number'][-1]}").json()["points"]["id"] == []
    assert captured.get(f"/monitor.json?after={first['number'][-4]}").json()["points"]["id"] == first["id"][-3:]


def test_traffic_is_counted_by_hour_within_a_week(serve: Serve, tmp_path: Path, model: Model) -> None:
    import time  # noqa: PLC0415 - the endpoint reads the clock

    hour = time.time() // 3600 * 3600
    store = open_store(tmp_path / "recent", create=True)
    recent = make_exchanges(30, bundle=model.fingerprint, seconds=60, begin=hour - 1500)
    store.add([*recent, make_exchange(500, bundle=model.fingerprint, time=hour - 8 * 86_400)])
    traffic = serve(app={"store": lambda: store}).get("/monitor.json").json()["traffic"]
    assert [each["start"] for each in traffic] == [hour - 3600, hour]
    assert [sum(each[name] for name in ("accept", "review", "unknown")) for each in traffic] == [25, 5]
    assert sum(each["seconds"] for each in traffic) == pytest.approx(sum(each.seconds for each in recent))


def test_the_newest_look_is_shown_without_its_queue(
    captured: TestClient, store: ExchangeDatabase, model: Model
) -> None:
    published(store, model.fingerprint)
    look = captured.get("/monitor.json").json()["look"]
    assert look["look"]["alarms"][0]["kind"] == "brightness"
    assert look["look"]["waiting"] == 20
    assert "to_audit" not in look["look"]
    assert len(look["history"]) == 1


def test_an_exchange_is_described_with_its_feedback(captured: TestClient, store: ExchangeDatabase) -> None:
    store.add([], [Feedback(exchange=exchange_id(3), label="plum", is_new=True, time=5.0, source="audit")])
    found = captured.get(f"/monitor/exchanges/{exchange_id(3)}").json()
    assert (found["id"], found["truth"], found["is_new"], found["has_picture"]) == (exchange_id(3), "plum", True, True)
    shares = [share for _, share in found["probabilities"]]
    assert shares == sorted(shares, reverse=True)


def test_a_picture_is_sent_as_it_is_or_smaller(serve: Serve, tmp_path: Path, model: Model) -> None:
    store = open_store(tmp_path / "large", create=True)
    large = painted(1, "PNG", 500)
    store.add([make_exchange(1, bundle=model.fingerprint, picture=large, media_type="image/png")])
    client = serve(app={"store": lambda: store})
    whole = client.get(f"/monitor/pictures/{exchange_id(1)}")
    assert (whole.content, whole.headers["content-type"]) == (large, "image/png")
    small = client.get(f"/monitor/pictures/{exchange_id(1)}?side=100")
    assert small.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(small.content)).size == (100, 100)
    for side in ("0", "15", "2049", "x"):
        assert client.get(f"/monitor/pictures/{exchange_id(1)}?side={side}").status_code == 400


def test_a_picture_is_private_and_runs_no_script(captured: TestClient) -> None:
    headers = captured.get(f"/monitor/pictures/{exchange_id(2)}").headers
    assert headers["cache-control"].startswith("private")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["cross-origin-resource-policy"] == "same-origin"


def test_a_stored_type_that_browsers_do_not_show_is_converted(serve: Serve, tmp_path: Path, model: Model) -> None:
    store = open_store(tmp_path / "odd", create=True)
    exchanges = [
        make_exchange(1, bundle=model.fingerprint, picture=painted(1, "TIFF"), media_type="image/tiff"),
        make_exchange(2, bundle=model.fingerprint, picture=b"<script>alert(1)</script>", media_type="text/html"),
        make_exchange(3, bundle=model.fingerprint, picture=None, media_type=""),
    ]
    store.add(exchanges)
    client = serve(app={"store": lambda: store})
    assert client.get(f"/monitor/pictures/{exchange_id(1)}").headers["content-type"] == "image/jpeg"
    for number in (2, 3):
        assert client.get(f"/monitor/pictures/{exchange_id(number)}").status_code == 404


def test_the_audit_lists_pictures_without_predictions(
    captured: TestClient, store: ExchangeDatabase, model: Model
) -> None:
    published(store, model.fingerprint)
    queue = captured.get("/audit.json?limit=3").json()
    assert [each["id"] for each in queue["items"]] == [exchange_id(number) for number in range(3)]
    assert {key for each in queue["items"] for key in each} == {"id", "time"}
    assert queue["waiting"] == 20
    assert queue["accuracy"]["audited"] == 120


def test_labelled_and_skipped_pictures_leave_the_audit(
    captured: TestClient, store: ExchangeDatabase, model: Model
) -> None:
    published(store, model.fingerprint)
    store.add([], [Feedback(exchange=exchange_id(0), label="red", time=5.0, source="audit")])
    store.forget(exchange_id(1))
    queue = captured.get(f"/audit.json?limit=2&skip={exchange_id(2)},{exchange_id(4)}").json()
    assert [each["id"] for each in queue["items"]] == [exchange_id(3), exchange_id(5)]
    assert queue["waiting"] == 18


def test_an_audit_before_the_first_look_is_empty(captured: TestClient) -> None:
    queue = captured.get("/audit.json").json()
    assert (queue["items"], queue["waiting"], queue["taken"]) == ([], 0, None)


@pytest.mark.parametrize("path", DATA)
def test_the_data_need_a_key_where_the_server_has_keys(
    serve: Serve, store: ExchangeDatabase, tmp_path: Path, path: str
) -> None:
    key = add_key(tmp_path / "keys", "alice")
    locked = serve(key_file=tmp_path / "keys", app={"store": lambda: store})
    for headers in ({}, {"X-API-Key": "wrong"}, {"Authorization": "Bearer "}):
        assert locked.get(path, headers=headers).status_code == 401
    assert locked.get(path, headers={"Authorization": f"Bearer {key}"}).status_code == 200


@pytest.mark.parametrize("path", ["/monitor", "/audit"])
def test_the_pages_hold_no_data_and_need_no_key(serve: Serve, tmp_path: Path, path: str) -> None:
    add_key(tmp_path / "keys", "alice")
    response = serve(key_file=tmp_path / "keys").get(path)
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in response.headers["content-security-policy"]


@pytest.mark.parametrize("path", DATA)
def test_pages_of_other_origins_are_refused(captured: TestClient, path: str) -> None:
    for site in ("cross-site", "same-site"):
        assert captured.get(path, headers={"Sec-Fetch-Site": site}).status_code == 403
    assert captured.get(path, headers={"Origin": "http://evil.example"}).status_code == 403
    own = {"Sec-Fetch-Site": "same-origin", "Origin": "http://testserver"}
    assert captured.get(path, headers=own).status_code == 200


@pytest.mark.parametrize("path", DATA)
def test_a_server_that_captures_nothing_names_the_option(client: TestClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert "--capture" in response.json()["error"]["hint"]


@pytest.mark.parametrize("given", HOSTILE)
@pytest.mark.parametrize("path", ["/monitor/exchanges/", "/monitor/pictures/"])
def test_hostile_identifiers_are_not_found(captured: TestClient, path: str, given: str) -> None:
    response = captured.get(path + given)
    assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")


def test_unknown_identifiers_are_not_found(captured: TestClient) -> None:
    for path in ("/monitor/exchanges/", "/monitor/pictures/"):
        assert captured.get(path + "f" * 32).status_code == 404
    assert captured.get("/audit.json?skip=nonsense").status_code == 404


def test_unknown_models_and_values_are_rejected(captured: TestClient) -> None:
    assert captured.get("/monitor.json?model=boats").status_code == 404
    for path in ("/monitor.json?after=-1", "/audit.json?limit=0", "/audit.json?limit=101"):
        assert captured.get(path).status_code == 400


def test_a_store_that_is_down_is_answered_with_its_reason(serve: Serve, tmp_path: Path) -> None:
    client = serve(app={"store": lambda: open_store(tmp_path / "gone")})
    for path in DATA:
        response = client.get(path)
        assert response.status_code == 503
        assert "gone" in response.json()["error"]["message"]


def test_undefined_numbers_are_null(serve: Serve, tmp_path: Path, model: Model) -> None:
    store = open_store(tmp_path / "nan", create=True)
    prediction = {"label": "red", "decision": "unknown", "confidence": None, "unknown_score": None}
    odd = make_exchange(1, bundle=model.fingerprint, prediction=prediction, embedding=None)
    store.add([odd])
    client = serve(app={"store": lambda: store})
    points = client.get("/monitor.json").json()["points"]
    assert (points["confidence"], points["unknown_score"]) == ([None], [None])
    assert client.get(f"/monitor/exchanges/{exchange_id(1)}").json()["confidence"] is None
