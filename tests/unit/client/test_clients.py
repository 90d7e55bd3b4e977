"""The clients: many pictures in order and concurrently, and nothing left behind by those who stop early."""

import asyncio
import copy
import gc
import io
import pickle
import socket
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from discern import errors
from discern.bundle import Prediction
from discern.client import AsyncClient, Client
from discern.errors import Unauthorized
from tests.unit.client.conftest import AskMany
from tests.unit.client.fake_server import ANSWER, GOOD, LONG, FakeServer, Reply, Request, refusal, serving

PICTURES = [b"first", *[b"x"] * 50]


def test_the_model_is_described() -> None:
    with serving(Reply(body={"labels": ["a"]})) as server:
        with Client(server.url, model="x") as client:
            assert client.about() == {"labels": ["a"]}
        assert (server.requests[0].method, server.requests[0].path) == ("GET", "/model?model=x")


class TestMany:
    def test_answers_come_in_order_with_errors_in_their_place(self, ask_many: AskMany) -> None:
        replied: dict[int, threading.Event] = defaultdict(threading.Event)

        def reply(request: Request) -> Reply:
            number = int(request.body)
            if number % 2 == 0:  # replies leave in another order than requests come
                assert replied[number + 1].wait(LONG)
            replied[number].set()
            return refusal(422, "damaged") if number == 4 else Reply(body=ANSWER | {"id": request.body.decode()})

        with serving(reply) as server:
            answers = ask_many(server.url, [str(number).encode() for number in range(20)])
        found = [answer.id if isinstance(answer, Prediction) else answer.code for answer in answers]
        assert found == [*map(str, range(4)), "damaged", *map(str, range(5, 20))]

    def test_several_are_pending_but_never_more(self, ask_many: AskMany) -> None:
        together, most, lock = 0, 0, threading.Lock()
        full, more = threading.Event(), threading.Event()

        def reply(_: Request) -> Reply:
            nonlocal together, most
            with lock:
                together += 1
                most = max(most, together)
                if together >= 3:
                    full.set()
                if together > 3:
                    more.set()
            full.wait(LONG)
            more.wait(0.02)
            with lock:
                together -= 1
            return GOOD

        with serving(reply) as server:
            assert len(ask_many(server.url, [b"x"] * 30, at_once=3)) == 30
        assert most == 3

    def test_a_picture_that_a_proxy_rejects_keeps_its_place(self, ask_many: AskMany) -> None:
        def reply(request: Request) -> Reply:
            return Reply(status=413, body=b"<html>") if request.body == b"large" else GOOD

        with serving(reply) as server:
            answers = ask_many(server.url, [b"x", b"large", b"x"])
        assert [type(answer) for answer in answers] == [Prediction, errors.PictureTooLarge, Prediction]

    def test_an_error_of_the_request_ends_it(self, ask_many: AskMany) -> None:
        with serving(refusal(401, "unauthorized")) as server, pytest.raises(errors.Unauthorized):
            ask_many(server.url, [b"x"] * 500)
        assert len(server.requests) < 100

    def test_pictures_are_taken_as_they_are_needed(self) -> None:
        taken = []

        def pictures() -> Iterator[bytes]:
            for number in range(1000):
                taken.append(number)
                yield b"x"

        with serving(GOOD) as server, Client(server.url, at_once=2) as client:
            next(client.predict(pictures()))
        assert len(taken) < 20


def take_first_sync(url: str) -> None:
    with Client(url) as client, closing(client.predict(PICTURES)) as answers:
        for _ in answers:
            break


def take_first_async(url: str) -> None:
    async def take() -> None:
        async with AsyncClient(url) as client, aclosing(client.predict(PICTURES)) as answers:
            async for _ in answers:
                break

    asyncio.run(take())


@pytest.fixture(params=[take_first_sync, take_first_async], ids=["sync", "async"])
def take_first(request: pytest.FixtureRequest) -> Callable[[str], None]:
    return request.param


@contextmanager
def mute_after(first: Reply) -> Iterator[tuple[FakeServer, threading.Event, list[bool]]]:
    """Run a server that answers one picture and holds the others; False for each that it held for too long."""
    left, in_time = threading.Event(), []

    def reply(request: Request) -> Reply:
        if request.body == b"first":
            return first
        in_time.append(left.wait(LONG))
        return GOOD

    with serving(reply) as server:
        yield server, left, in_time


class TestLeaving:
    def test_the_rest_is_not_waited_for_after_the_first_answer(self, take_first: Callable[[str], None]) -> None:
        with mute_after(GOOD) as (server, left, in_time):
            take_first(server.url)
            left.set()
        assert all(in_time)

    def test_nor_after_an_error_of_the_request(self, take_first: Callable[[str], None]) -> None:
        with mute_after(refusal(401, "unauthorized")) as (server, left, in_time):
            with pytest.raises(Unauthorized):
                take_first(server.url)
            left.set()
        assert all(in_time)

    def test_nothing_is_retried_for_those_who_left(self, take_first: Callable[[str], None]) -> None:
        late, left = threading.Event(), threading.Event()

        def reply(request: Request) -> Reply:
            if request.body == b"first":
                return GOOD
            if left.is_set():
                late.set()
            return refusal(503, "overloaded")

        with serving(reply) as server:
            take_first(server.url)
            server.wait_until_left()
            left.set()
            assert not late.wait(2)

    def test_a_client_that_is_forgotten_is_closed(self) -> None:
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


async def answer_of(client: AsyncClient) -> Prediction:
    async with client:
        return await client(b"x")


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda client: pickle.loads(pickle.dumps(client))])
def test_a_copy_of_a_client_has_its_options_and_its_own_connections(
    kind: type[Client] | type[AsyncClient], duplicate: Callable[[Any], Any]
) -> None:
    with serving(GOOD) as server:
        client = kind(server.url, "secret", model="x", timeout=7, at_once=3)
        again = duplicate(client)
        assert (type(again), again.url, again.model) == (kind, client.url, "x")
        assert again._transport is not client._transport
        if isinstance(again, Client):
            client.close()
            with again:
                assert again(b"x").label == "red"
        else:
            assert asyncio.run(answer_of(again)).label == "red"
    assert server.requests[0].headers["Authorization"] == "Bearer secret"


def test_one_picture_is_a_list_of_one(ask_many: AskMany, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"file")
    with serving(GOOD) as server:
        for picture in (str(path), path, b"file", io.BytesIO(b"file"), memoryview(b"file")):
            (answer,) = ask_many(server.url, picture)
            assert isinstance(answer, Prediction)
    assert [request.body for request in server.requests] == [b"file"] * 5
