"""Alarms reach a webhook and a command, and failures name what happened without secrets."""

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from discern.errors import DiscernError, Unreachable, UsageError
from discern.watching.alerts.alert_channels import AlarmCommand, Webhook

MESSAGE = {"text": "m: darker", "alarm": {"kind": "brightness"}}


class Receiver(HTTPServer):
    """Loopback server that records what is posted, and answers with the given statuses, the last one for ever."""

    def __init__(self, statuses: list[int]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses, self.received, self.paths = statuses, list[Any](), list[str]()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook/secret"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        self.server.received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.server.paths.append(self.path)
        statuses = self.server.statuses
        self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST  # noqa: N815 - the name is that of http.server

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@contextmanager
def receiver(*statuses: int) -> Iterator[Receiver]:
    server = Receiver(list(statuses))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_webhook_receives_the_alarm_as_json() -> None:
    with receiver(204) as server:
        Webhook(url=server.url).send(MESSAGE)
        assert server.received == [MESSAGE]
        assert server.paths == ["/hook/secret"]


def test_a_webhook_that_is_down_for_a_moment_is_asked_again() -> None:
    pauses: list[float] = []
    with receiver(503, 429, 200) as server:
        Webhook(url=server.url, pause=pauses.append).send(MESSAGE)
        assert server.received == [MESSAGE] * 3
    assert len(pauses) == 2
    assert pauses[1] > pauses[0] * 0.9


@pytest.mark.parametrize("status", [404, 302])
def test_a_webhook_that_rejects_or_redirects_is_asked_once(status: int) -> None:
    with receiver(status) as server:
        with pytest.raises(Unreachable, match=f"status {status}") as failure:
            Webhook(url=server.url).send(MESSAGE)
        assert server.paths == ["/hook/secret"]
    assert "secret" not in str(failure.value)


def test_a_webhook_that_is_not_there_fails_in_time_without_naming_its_secret() -> None:
    with receiver(200) as server:
        url = server.url
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1 did not take an alarm") as failure:
        Webhook(url=url, seconds=0.3).send(MESSAGE)
    assert "secret" not in str(failure.value)


@pytest.mark.parametrize("url", ["ftp://a.example/x", "file:///a", "https://", "example.org", "http://[::1", ""])
def test_an_address_that_is_not_one_of_the_web_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="webhook"):
        Webhook(url=url)


def test_channels_differ_by_their_keys_without_their_secrets() -> None:
    keys = {
        Webhook(url="https://a.example/secret").key,
        Webhook(url="https://a.example/other").key,
        AlarmCommand(command="mail secret").key,
    }
    assert len(keys) == 3
    assert not any("secret" in key for key in keys)


def test_a_command_reads_the_alarm_from_its_standard_input_without_a_shell(tmp_path: Path) -> None:
    target = tmp_path / "two words; $HOME"
    program = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_bytes(sys.stdin.buffer.read())"
    AlarmCommand(command=f"'{sys.executable}' -c '{program}' '{target}'").send(MESSAGE)
    assert json.loads(target.read_bytes()) == MESSAGE


@pytest.mark.parametrize(
    ("program", "seconds", "reason"),
    [
        ("import sys; sys.exit('disk on fire')", 60, "status 1: disk on fire"),
        ("import time; time.sleep(30)", 0.2, r"within 0\.2 seconds"),
    ],
)
def test_a_command_that_fails_or_hangs_is_reported(program: str, seconds: float, reason: str) -> None:
    with pytest.raises(DiscernError, match=reason):
        AlarmCommand(command=f"'{sys.executable}' -c \"{program}\"", seconds=seconds).send(MESSAGE)


def test_a_command_that_does_not_exist_is_reported() -> None:
    with pytest.raises(DiscernError, match="cannot be started"):
        AlarmCommand(command="/nowhere/at-all").send(MESSAGE)


@pytest.mark.parametrize("command", ["", "  ", "say 'oh"])
def test_a_command_that_cannot_be_split_is_refused(command: str) -> None:
    with pytest.raises(UsageError, match="command for alarms"):
        AlarmCommand(command=command)
