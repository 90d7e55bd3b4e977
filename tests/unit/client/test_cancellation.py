"""Who leaves before the last answer waits for nothing, and a client keeps no program from ending."""

import asyncio
import gc
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, closing, contextmanager

import pytest

from discern.client import AsyncClient, Client
from discern.errors import Unauthorized
from tests.unit.client.fake_server import GOOD, Asked, Reply, Scripted, refusal, serving

LONG = 20
PICTURES = [b"first", *[b"x"] * 50]


def take_first_waiting(url: str) -> None:
    with Client(url) as client, closing(client.predict(PICTURES)) as answers:
        for _ in answers:
            break


def take_first_free(url: str) -> None:
    async def take() -> None:
        async with AsyncClient(url) as client, aclosing(client.predict(PICTURES)) as answers:
            async for _ in answers:
                break

    asyncio.run(take())


@pytest.fixture(params=[take_first_waiting, take_first_free], ids=["sync", "async"])
def take_first(request: pytest.FixtureRequest) -> Callable[[str], None]:
    return request.param


@contextmanager
def mute_after(first: Reply) -> Iterator[tuple[Scripted, threading.Event, list[bool]]]:
    """A server that answers one picture and keeps the others waiting; what it gives up waiting for is False."""
    left, seen = threading.Event(), []

    def reply(asked: Asked) -> Reply:
        if asked.body == b"first":
            return first
        seen.append(left.wait(LONG))
        return GOOD

    with serving(reply) as server:
        yield server, left, seen


def test_the_rest_is_not_waited_for_after_the_first_answer(take_first: Callable[[str], None]) -> None:
    with mute_after(GOOD) as (server, left, seen):
        take_first(server.url)
        left.set()
    assert all(seen)


def test_nor_after_a_refusal_of_all(take_first: Callable[[str], None]) -> None:
    with mute_after(refusal(401, "unauthorized")) as (server, left, seen):
        with pytest.raises(Unauthorized):
            take_first(server.url)
        left.set()
    assert all(seen)


def test_nothing_is_asked_again_for_those_who_left(take_first: Callable[[str], None]) -> None:
    late, left = threading.Event(), threading.Event()

    def reply(asked: Asked) -> Reply:
        if asked.body == b"first":
            return GOOD
        if left.is_set():
            late.set()
        return refusal(503, "overloaded")

    with serving(reply) as server:
        take_first(server.url)
        time.sleep(1)  # what was on its way may still arrive
        left.set()
        assert not late.wait(2)


def test_more_threads_than_questions_at_once_all_get_their_answer() -> None:
    together = threading.Barrier(6)

    def reply(_: Asked) -> Reply:
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


def said_by(code: str, url: str = "") -> str:
    """What a program of its own prints, which imports the client; it must end by itself."""
    code = f"import os, signal, socket, sys, threading, time; from discern import Client; {code}"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, url], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stderr == ""
    return done.stdout.strip()


INTERRUPTED = f"""
mute = socket.create_server(("127.0.0.1", 0))
def interrupt():
    global asker
    asker, _ = mute.accept()
    asker.settimeout({LONG})
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
waiting = threading.Thread(target=interrupt)
waiting.start()
try:
    Client(f"http://127.0.0.1:{{mute.getsockname()[1]}}")(b"x")
except KeyboardInterrupt:
    waiting.join()
    while asker.recv(1000): pass
    print("left")
"""

FORKED = """
client = Client(sys.argv[1])
print(client(b"x").label, flush=True)
if child := os.fork():
    os.waitpid(child, 0)
else:
    print(client(b"x").label, len(list(client.predict([b"x"] * 5))), flush=True)
    os._exit(0)
print(client(b"x").label)
"""

OUTLIVED = """
client = Client(sys.argv[1])
def ask():
    threading.main_thread().join()
    time.sleep(0.5)
    print(client(os.__file__).label, *(answer.label for answer in client.predict([os.__file__] * 2)))
threading.Thread(target=ask).start()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has other signals")
def test_an_interrupted_question_is_broken_off() -> None:
    assert said_by(INTERRUPTED) == "left"


@pytest.mark.skipif(sys.platform != "linux", reason="forks are for Linux")
def test_a_forked_process_asks_for_itself() -> None:
    with serving(GOOD) as server:
        assert said_by(FORKED, server.url).split() == ["red", "red", "5", "red"]


def test_a_thread_that_outlives_the_program_still_asks() -> None:
    with serving(GOOD) as server:
        assert said_by(OUTLIVED, server.url.replace("127.0.0.1", "localhost")) == "red red red"


def test_a_client_that_is_forgotten_is_closed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:
        client = Client(f"http://127.0.0.1:{server.getsockname()[1]}")
        answer = pool.submit(client, b"x")
        connection, _ = server.accept()
        with connection:
            connection.settimeout(LONG)
            assert connection.recv(1000).startswith(b"POST")
            content = GOOD.content()
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content) + content)
            assert answer.result().label == "red"
            del client, answer
            gc.collect()
            while connection.recv(1000):
                pass
