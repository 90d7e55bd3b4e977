"""The look of the helper process: it is published, or why it failed, and new alarms are posted."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from discern.bundle import Model
from discern.errors import BundleDamaged
from discern.serving.web.look_process import LookJob, publish_look, send_new_alarms, take_and_publish
from discern.watching.looking.published_looks import read_published
from discern.watching.looks.look import Look
from discern.watching.stores.exchange_database import ExchangeDatabase
from discern.watching.stores.open_exchanges import open_store
from tests.unit.serving.web.captured import make_exchanges, make_look
from tests.unit.watching.state_store import StateStore

BUNDLE = "ab" * 32


@pytest.fixture
def store(tmp_path: Path, model: Model) -> Iterator[ExchangeDatabase]:
    made = open_store(tmp_path / "captures", create=True)
    made.add(make_exchanges(40, bundle=model.fingerprint))
    yield made
    made.close()


@contextmanager
def receiving() -> Iterator[tuple[str, list[dict[str, object]]]]:
    """Receive webhooks; gives their address and the messages."""
    received: list[dict[str, object]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/hook", received
        server.shutdown()


def test_a_look_at_a_real_store_is_published(
    store: ExchangeDatabase, model: Model, bundle: Path, tmp_path: Path
) -> None:
    job = LookJob(store=str(tmp_path / "captures"), bundle=str(bundle), name="colours")
    assert take_and_publish(job) == ""
    kept = read_published(store, model.fingerprint)
    assert kept.look is not None
    assert kept.look["exchanges"] == 40
    assert (kept.error, len(kept.history)) == ("", 1)


def test_a_look_that_fails_is_published_with_its_reason() -> None:
    store = StateStore()

    def fail() -> Look:
        raise BundleDamaged("The reference is damaged.", hint="Train the model again.")

    publish_look(store, BUNDLE, lambda: make_look(BUNDLE))
    assert publish_look(store, BUNDLE, fail) is None
    kept = read_published(store, BUNDLE)
    assert kept.error == "The reference is damaged. Train the model again."
    assert kept.look is not None


def test_an_unforeseen_error_is_published_and_raised() -> None:
    store = StateStore()

    def fail() -> Look:
        raise ZeroDivisionError("nothing")

    with pytest.raises(ZeroDivisionError):
        publish_look(store, BUNDLE, fail)
    assert "ZeroDivisionError" in read_published(store, BUNDLE).error


def test_each_alarm_is_posted_once() -> None:
    store, look = StateStore(), make_look(BUNDLE)
    with receiving() as (address, received):
        job = LookJob(store="", bundle="", name="colours", webhook=address)
        for _ in range(3):
            assert send_new_alarms(store, look, job) == ""
    (message,) = received
    assert message["text"] == "colours: The pictures are darker than in training."


def test_a_receiver_that_rejects_alarms_is_named() -> None:
    store, look = StateStore(), make_look(BUNDLE)
    with receiving() as (address, _):
        gone = address
    job = LookJob(store="", bundle="", name="colours", webhook=gone.replace("/hook", "/other"))
    assert send_new_alarms(store, look, LookJob(store="", bundle="", name="colours")) == ""
    assert "127.0.0.1" in send_new_alarms(store, look, job, seconds=0.1)
