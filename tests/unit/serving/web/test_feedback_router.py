"""Endpoint that takes the true labels of answers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from discern.inference.exchange import Exchange
from discern.serving.keys import add_key
from tests.unit.bundle.factories import write_small
from tests.unit.serving.web.conftest import RED, Capturing

NAMES = {"dark": {"name": "Black card", "spoken": "", "route": ""}}


def answer(capturing: Capturing) -> str:
    """Ask for a prediction; gives its id."""
    return str(capturing.client.post("/predict", content=RED).json()["id"])


def give(capturing: Capturing, exchange: str, label: str, **more: Any) -> Any:
    return capturing.client.post("/feedback", json={"id": exchange, "label": label} | more)


def stored(exchange: str, *labels: str) -> Exchange:
    return Exchange(
        id=exchange,
        time=1.0,
        model="old",
        bundle="ff" * 32,
        door="rest",
        width=1,
        height=1,
        brightness=0.5,
        sharpness=0.5,
        prediction={"probabilities": dict.fromkeys(labels, 0.5)},
        seconds=0.1,
    )


def test_the_true_label_of_an_answer_is_kept(capturing: Capturing) -> None:
    exchange = answer(capturing)
    response = give(capturing, exchange, "dark", source="page")
    assert (response.status_code, response.json()) == (200, {"id": exchange, "label": "dark", "kept": True})
    [feedback] = capturing.sink.feedback
    assert (feedback.exchange, feedback.label, feedback.is_new, feedback.source) == (exchange, "dark", False, "page")
    assert feedback.client == capturing.sink.exchanges[0].client
    assert 'discern_feedback_total{source="page"} 1.0' in capturing.client.get("/metrics").text


def test_the_last_label_comes_last(capturing: Capturing) -> None:
    exchange = answer(capturing)
    for label in ("dark", "red"):
        give(capturing, exchange, label)
    first, last = capturing.sink.feedback
    assert (last.label, last.time >= first.time) == ("red", True)


def test_a_display_name_stands_for_its_class(capture: Callable[..., Capturing], tmp_path: Path) -> None:
    capturing = capture(bundles=(str(write_small(tmp_path / "m.discern", names=NAMES)),))
    assert give(capturing, answer(capturing), "black card").json()["label"] == "dark"


def test_a_label_that_is_no_class_is_rejected_unless_it_is_new(capturing: Capturing) -> None:
    exchange = answer(capturing)
    rejected = give(capturing, exchange, "kiwi")
    assert (rejected.status_code, rejected.json()["error"]["code"]) == (422, "unknown_label")
    assert give(capturing, exchange, "kiwi", new=True).json() == {"id": exchange, "label": "kiwi", "kept": True}
    assert [each.is_new for each in capturing.sink.feedback] == [True]


def test_an_answer_of_another_process_is_found(capturing: Capturing) -> None:
    """With the classes of the model that answered, which may not be served any more."""
    capturing.elsewhere = {"ab" * 16: stored("ab" * 16, "pear", "kiwi")}
    assert give(capturing, "ab" * 16, "kiwi").json()["kept"] is True
    assert give(capturing, "ab" * 16, "red").status_code == 422


def test_an_unknown_answer_is_not_found(capturing: Capturing) -> None:
    for exchange in ("cd" * 16, "short"):
        response = give(capturing, exchange, "red")
        assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")
    assert capturing.sink.feedback == []


def test_an_answer_that_cannot_be_looked_up_now_asks_for_a_retry(capturing: Capturing) -> None:
    exchange = answer(capturing)
    capturing.elsewhere = None
    response = give(capturing, "cd" * 16, "red")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert "down" not in response.text
    assert give(capturing, exchange, "red").status_code == 200


def test_feedback_that_is_lost_says_so(capturing: Capturing) -> None:
    exchange = answer(capturing)
    capturing.sink.is_full = True
    assert give(capturing, exchange, "red").json()["kept"] is False


def test_without_capture_the_option_is_named(client: TestClient) -> None:
    response = client.post("/feedback", json={"id": "ab" * 16, "label": "red"})
    assert (response.status_code, "--capture" in response.json()["error"]["hint"]) == (404, True)


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"", 400), (b"{}", 400), (b'{"id": 1, "label": "red"}', 400), (b" " * 20_000, 413)],
)
def test_a_malformed_body_is_rejected(capturing: Capturing, content: bytes, status: int) -> None:
    assert capturing.client.post("/feedback", content=content).status_code == status


def test_the_same_guards_apply_as_to_predictions(capture: Callable[..., Capturing], tmp_path: Path) -> None:
    key = add_key(tmp_path / "keys.txt", "alice")
    capturing = capture(key_file=tmp_path / "keys.txt", rate_limit="2/minute")
    headers = {"X-API-Key": key}
    exchange = capturing.client.post("/predict", content=RED, headers=headers).json()["id"]
    body = {"id": exchange, "label": "red"}
    assert capturing.client.post("/feedback", json=body).status_code == 401
    assert capturing.client.post("/feedback", json=body, headers=headers).status_code == 200
    assert capturing.sink.feedback[0].client == "alice"
    assert capturing.client.post("/feedback", json=body, headers=headers).status_code == 429


def test_pages_of_other_origins_give_no_feedback(capturing: Capturing) -> None:
    exchange = answer(capturing)
    foreign = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    response = capturing.client.post("/feedback", json={"id": exchange, "label": "red"}, headers=foreign)
    assert response.status_code == 403
