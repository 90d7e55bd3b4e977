"""Responses: the predictions and errors that a local bundle gives; other servers are recognised as such."""

import math
import tracemalloc

import pytest

from discern import errors
from discern.client.response import read_object
from discern.errors import DiscernError, Unreachable
from tests.unit.client.conftest import Ask
from tests.unit.client.fake_server import ANSWER, GOOD, Reply, refusal, serving


def test_it_is_the_same_object_as_a_bundle_gives(ask: Ask) -> None:
    with serving(GOOD) as server:
        answer = ask(server.url)
    assert answer.to_json() == ANSWER
    assert answer.set == ("red",)


def test_names_and_orders_are_kept_and_keys_of_later_versions_ignored(ask: Ask) -> None:
    more = {"order_value": 2.0, "name": "Red", "spoken": "It is red.", "route": "bay 2"}
    with serving(Reply(body=ANSWER | more | {"evidence": {}, "later": 1})) as server:
        assert ask(server.url).to_json() == ANSWER | more


@pytest.mark.parametrize("values", [b"[],", b"1,", b"{},"])
def test_millions_of_values_are_not_parsed(values: bytes) -> None:
    body = b'{"label": [' + values * 1_000_001 + b"1]}"
    tracemalloc.start()
    try:
        with pytest.raises(Unreachable, match="not a JSON object"):
            read_object(body, "http://shop.example")
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_an_endless_message_of_a_server_is_cut(ask: Ask) -> None:
    body = {"error": {"code": "error", "message": "x" * 1_000_000, "hint": "y" * 1_000_000}}
    with serving(Reply(status=400, body=body)) as server, pytest.raises(errors.RequestError) as raised:
        ask(server.url)
    assert len(str(raised.value)) <= 2_001


def test_null_is_read_as_nan(ask: Ask) -> None:
    body = ANSWER | {"decision": "unknown", "confidence": None, "unknown_score": None}
    with serving(Reply(body=body | {"probabilities": {"dark": None, "red": 0.9}})) as server:
        answer = ask(server.url)
    assert all(map(math.isnan, (answer.confidence, answer.unknown_score, answer.probabilities["dark"])))
    assert answer.probabilities["red"] == 0.9
    assert answer.order_value is None


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "unauthorized", errors.Unauthorized),
        (403, "forbidden", errors.Forbidden),
        (404, "not_found", errors.NotFound),
        (415, "not_a_picture", errors.NotAPicture),
        (413, "too_large", errors.PictureTooLarge),
        (422, "truncated", errors.TruncatedPicture),
        (400, "of_a_later_version", errors.RequestError),
        (500, "error", errors.RequestError),
        (500, "store", errors.RequestError),
    ],
)
def test_each_error_is_of_its_class_and_is_not_retried(
    ask: Ask, status: int, code: str, kind: type[DiscernError]
) -> None:
    with serving(refusal(status, code), GOOD) as server, pytest.raises(kind) as raised:
        ask(server.url)
    assert type(raised.value) is kind
    assert raised.value.code == code
    assert (raised.value.message, raised.value.hint) == (f"It is {code}.", "Do something.")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=404, body=b"<html>"),
        Reply(status=500, body={"detail": "x"}),
        Reply(status=200, body=b"<html>"),
        Reply(status=200, body=["x"]),
        Reply(status=200, body={"label": "x"}),
        Reply(status=302, body=b"", headers={"Location": "https://elsewhere.example/"}),
    ],
)
def test_responses_of_other_servers_are_unreachable(ask: Ask, reply: Reply) -> None:
    with serving(reply) as server, pytest.raises(Unreachable, match=r"127\.0\.0\.1"):
        ask(server.url, key="secret")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"decision": "accepted"},
        {"decision": ["accept"]},
        {"confidence": "high"},
        {"confidence": True},
        {"confidence": 1e999},
        {"unknown_score": []},
        {"probabilities": [0.1, 0.9]},
        {"probabilities": {"dark": "0.1", "red": 0.9}},
        {"probabilities": {"dark": None, "red": 0.9}},
        {"probabilities": {"dark": 0.9, "red": 0.9}},
        {"probabilities": {}},
        {"set": "red"},
        {"set": [1]},
        {"message": None},
        {"model": {"name": 3}},
        {"order_value": "2"},
    ],
)
def test_a_prediction_with_values_of_other_types_is_not_one(ask: Ask, changes: dict[str, object]) -> None:
    with serving(Reply(body=ANSWER | changes)) as server, pytest.raises(Unreachable, match="not a prediction"):
        ask(server.url)


def test_a_size_that_a_proxy_rejects_is_the_picture_s_fault(ask: Ask) -> None:
    with serving(Reply(status=413, body=b"<html>")) as server, pytest.raises(errors.PictureTooLarge):
        ask(server.url)
