"""Transport: bounded responses and deadlines."""

import gzip
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import chain, repeat

import pytest

from discern.client import Client
from discern.errors import Unreachable, UsageError
from tests.unit.client.conftest import Ask
from tests.unit.client.fake_server import ANSWER, GOOD, LONG, Reply, Request, serving


@pytest.mark.parametrize("options", [{"timeout": 0}, {"at_once": 0}])
def test_invalid_options_are_refused(ask: Ask, options: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        ask("http://127.0.0.1:9", **options)


def test_more_threads_than_concurrent_requests_all_get_their_answer() -> None:
    together = threading.Barrier(6)

    def reply(_: Request) -> Reply:
        together.wait(LONG)
        return GOOD

    answers = []
    with serving(reply) as server, Client(server.url, at_once=1) as client:
        threads = [threading.Thread(target=lambda: answers.append(client(b"x").label)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == ["red"] * 6


class TestLimits:
    def test_a_response_does_not_fill_the_memory(self, ask: Ask) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
        endless = Reply(raw=chain([head], repeat(bytes(2**20), 80)))
        with serving(endless) as server, pytest.raises(Unreachable, match="more than 64 MiB"):
            ask(server.url)

    def test_nor_does_a_compressed_one(self, ask: Ask) -> None:
        packed = gzip.compress(json.dumps(ANSWER | {"message": " " * 10**6}).encode())
        reply = Reply(body=packed, headers={"Content-Encoding": "gzip"})
        with serving(reply) as server, pytest.raises(Unreachable, match="not a JSON object"):
            ask(server.url)
        assert server.requests[0].headers["Accept-Encoding"] == "identity"

    def test_a_server_that_is_not_there_is_reported_in_time(self, ask: Ask) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            start = time.monotonic()
            with pytest.raises(Unreachable, match="cannot be reached"):
                ask(f"http://127.0.0.1:{free.getsockname()[1]}", timeout=0.5)
        assert time.monotonic() - start < 5

    def test_a_silent_server_is_given_up(self, ask: Ask) -> None:
        with socket.create_server(("127.0.0.1", 0)) as mute, pytest.raises(Unreachable):
            ask(f"http://127.0.0.1:{mute.getsockname()[1]}", timeout=0.3)

    @pytest.mark.parametrize("head", ["Content-Length: 400\r\n\r\n", "X-Long: "], ids=["body", "header"])
    def test_so_is_one_that_sends_byte_by_byte(self, ask: Ask, head: str) -> None:
        def trickle() -> Iterator[bytes]:
            yield f"HTTP/1.1 200 OK\r\n{head}".encode()
            for _ in range(400):
                time.sleep(0.05)  # the pace of the server
                yield b"x"

        with (
            serving(Reply(raw=trickle())) as server,
            pytest.raises(Unreachable, match=r"did not respond within 0\.5 sec"),
        ):
            ask(server.url, timeout=0.5)


def test_pictures_for_this_machine_bypass_the_proxy_of_the_network() -> None:
    code = "import sys, discern; print(discern.Client(sys.argv[1], key='k')(b'x').label)"
    with serving(GOOD) as server, serving(GOOD) as proxy:
        proxied = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), proxy.url) | {"no_proxy": ""}
        for url in (server.url, server.url.replace("127.0.0.1", "localhost")):
            subprocess.run([sys.executable, "-c", code, url], env=os.environ | proxied, check=True)
    assert (len(server.requests), proxy.requests) == (2, [])
