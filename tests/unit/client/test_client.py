"""The clients: the same answers and errors as a bundle here, asked again when that may help."""

import asyncio
import base64
import gzip
import io
import json
import math
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from discern import errors
from discern.bundle import Picture, Prediction
from discern.client import AsyncClient, Client
from discern.errors import DiscernError, PictureError, Unreachable, UsageError
from tests.unit.client.fake_server import ANSWER, CUT, GOOD, Asked, Reply, refusal, serving

Ask = Callable[..., Prediction]
AskMany = Callable[..., list[Prediction | PictureError]]


def ask_waiting(url: str, picture: Picture = b"x", **options: Any) -> Prediction:
    with Client(url, **options) as client:
        return client(picture)


def ask_free(url: str, picture: Picture = b"x", **options: Any) -> Prediction:
    async def ask() -> Prediction:
        async with AsyncClient(url, **options) as client:
            return await client(picture)

    return asyncio.run(ask())


def ask_many_waiting(url: str, pictures: list[Picture], **options: Any) -> list[Prediction | PictureError]:
    with Client(url, **options) as client:
        return list(client.predict(pictures))


def ask_many_free(url: str, pictures: list[Picture], **options: Any) -> list[Prediction | PictureError]:
    async def ask() -> list[Prediction | PictureError]:
        async with AsyncClient(url, **options) as client:
            return [answer async for answer in client.predict(pictures)]

    return asyncio.run(ask())


@pytest.fixture(params=[ask_waiting, ask_free], ids=["sync", "async"])
def ask(request: pytest.FixtureRequest) -> Ask:
    return request.param


@pytest.fixture(params=[ask_many_waiting, ask_many_free], ids=["sync", "async"])
def ask_many(request: pytest.FixtureRequest) -> AskMany:
    return request.param


class TestAnswers:
    def test_it_is_the_same_object_as_a_bundle_gives(self, ask: Ask) -> None:
        with serving(GOOD) as server:
            answer = ask(server.url)
        assert answer.to_json() == ANSWER
        assert answer.set == ("red",)

    def test_words_and_orders_come_along_and_news_of_later_versions_are_passed_over(self, ask: Ask) -> None:
        more = {"order_value": 2.0, "name": "Red", "spoken": "It is red.", "route": "bay 2"}
        with serving(Reply(body=ANSWER | more | {"evidence": {}, "later": 1})) as server:
            assert ask(server.url).to_json() == ANSWER | more

    def test_null_is_read_as_nan(self, ask: Ask) -> None:
        body = ANSWER | {"decision": "unknown", "confidence": None, "unknown_score": None}
        with serving(Reply(body=body | {"probabilities": {"dark": None, "red": 0.9}})) as server:
            answer = ask(server.url)
        assert all(map(math.isnan, (answer.confidence, answer.unknown_score, answer.probabilities["dark"])))
        assert answer.probabilities["red"] == 0.9
        assert answer.order_value is None

    def test_paths_bytes_and_pixels_are_sent(self, ask: Ask, tmp_path: Path) -> None:
        pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
        path = tmp_path / "a.jpg"
        path.write_bytes(b"file")
        with serving(GOOD) as server:
            for picture in (path, str(path), b"bytes", pixels, Image.fromarray(pixels)):
                ask(server.url, picture)
        assert [asked.body for asked in server.asked[:3]] == [b"file", b"file", b"bytes"]
        for asked in server.asked[3:]:
            assert np.array_equal(np.asarray(Image.open(io.BytesIO(asked.body))), pixels)

    @pytest.mark.parametrize(
        "picture", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)]
    )
    def test_what_is_no_picture_is_not_sent(self, ask: Ask, picture: np.ndarray) -> None:
        with serving(GOOD) as server, pytest.raises(UsageError, match="Pixels must be RGB"):
            ask(server.url, picture)
        assert server.asked == []

    def test_a_missing_file_is_the_error_it_is_here(self, ask: Ask, tmp_path: Path) -> None:
        with serving(GOOD) as server, pytest.raises(errors.UnreadableFile):
            ask(server.url, tmp_path / "none.jpg")

    def test_the_model_is_described(self) -> None:
        with serving(Reply(body={"labels": ["a"]})) as server:
            with Client(server.url, model="x") as client:
                assert client.about() == {"labels": ["a"]}
            assert (server.asked[0].method, server.asked[0].path) == ("GET", "/model?model=x")


class TestAddresses:
    @pytest.mark.parametrize(("end", "path"), [("", "/predict"), ("/", "/predict"), ("/predict", "/predict")])
    def test_every_spelling_leads_to_the_same_door(self, ask: Ask, end: str, path: str) -> None:
        with serving(GOOD) as server:
            ask(server.url + end)
        assert server.asked[0].path == path

    def test_a_folder_before_the_door_and_a_model_are_kept(self, ask: Ask) -> None:
        with serving(GOOD) as server:
            ask(f"{server.url}/fruit/predict?model=ripe%20ones")
            ask(server.url, model="other")
        assert [asked.path for asked in server.asked] == ["/fruit/predict?model=ripe+ones", "/predict?model=other"]

    @pytest.mark.parametrize("url", ["", "localhost:8000", "ftp://a", "http://", "http://a:99999", "http://a b/", None])
    def test_what_is_none_is_refused_at_once(self, ask: Ask, url: Any) -> None:
        with pytest.raises(UsageError, match="no address"):
            ask(url)

    def test_user_and_password_are_sent_and_never_shown(self, ask: Ask) -> None:
        with serving(refusal(422, "damaged"), Reply(status=500)) as server:
            address = server.url.replace("//", "//user:se%20cret@")
            for client in (Client(address), AsyncClient(address)):
                assert client.url == server.url
            for kind in (errors.DamagedPicture, Unreachable):
                with pytest.raises(kind) as raised:
                    ask(address, key="key")
                assert "cret" not in str(raised.value)
        said = server.asked[0].headers
        assert base64.b64decode(said["Authorization"].removeprefix("Basic ")) == b"user:se cret"
        assert said["X-API-Key"] == "key"

    @pytest.mark.parametrize("url", ["http://user:secret@a:99999", "http://user:se/cret@a", "user:secret@a:80"])
    def test_nor_are_they_shown_where_the_address_is_none(self, ask: Ask, url: str) -> None:
        with pytest.raises(UsageError, match="no address") as raised:
            ask(url)
        assert "cret" not in str(raised.value)

    @pytest.mark.parametrize("kind", [Client, AsyncClient])
    def test_the_model_that_is_asked_is_told(self, kind: type[Client] | type[AsyncClient]) -> None:
        assert kind("http://a").model is None
        assert kind("http://a/predict?model=ripe").model == "ripe"
        assert kind("http://a?model=ripe", model="other").model == "other"

    def test_the_key_is_sent(self, ask: Ask) -> None:
        with serving(GOOD) as server:
            ask(server.url, key="secret\n")
        assert server.asked[0].headers["Authorization"] == "Bearer secret"

    @pytest.mark.parametrize("key", ["", " ", "a\nb", "schlüssel"])
    def test_a_key_that_is_none_is_refused_and_not_repeated(self, ask: Ask, key: str) -> None:
        with pytest.raises(UsageError, match="The key is none") as raised:
            ask("http://127.0.0.1:9", key=key)
        assert key.strip() == "" or key not in str(raised.value)

    @pytest.mark.parametrize("options", [{"timeout": 0}, {"at_once": 0}])
    def test_figures_that_make_no_sense_are_refused(self, ask: Ask, options: dict[str, int]) -> None:
        with pytest.raises(UsageError):
            ask("http://127.0.0.1:9", **options)


class TestErrors:
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
    def test_each_is_the_class_it_is_here_and_is_not_asked_again(
        self, ask: Ask, status: int, code: str, kind: type[DiscernError]
    ) -> None:
        with serving(refusal(status, code), GOOD) as server, pytest.raises(kind) as raised:
            ask(server.url)
        assert type(raised.value) is kind
        assert raised.value.code == code
        assert (raised.value.message, raised.value.hint) == (f"It is {code}.", "Do something.")
        assert len(server.asked) == 1

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
    def test_other_servers_are_told_as_such(self, ask: Ask, reply: Reply) -> None:
        with serving(reply) as server, pytest.raises(Unreachable, match=r"127\.0\.0\.1"):
            ask(server.url, key="secret")
        assert len(server.asked) == 1

    def test_what_a_proxy_finds_too_large_is_the_picture_s_fault(self, ask: Ask) -> None:
        with serving(Reply(status=413, body=b"<html>")) as server, pytest.raises(errors.PictureTooLarge):
            ask(server.url)

    def test_an_answer_does_not_fill_the_memory(self, ask: Ask) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
        endless = Reply(raw=chain([head], repeat(bytes(2**20), 80)))
        with serving(endless) as server, pytest.raises(Unreachable, match="more than 64 MiB"):
            ask(server.url)

    def test_nor_does_a_packed_one(self, ask: Ask) -> None:
        packed = gzip.compress(json.dumps(ANSWER | {"message": " " * 10**6}).encode())
        reply = Reply(body=packed, headers={"Content-Encoding": "gzip"})
        with serving(reply) as server, pytest.raises(Unreachable, match="no JSON"):
            ask(server.url)
        assert server.asked[0].headers["Accept-Encoding"] == "identity"

    def test_a_server_that_is_not_there_is_said_in_time(self, ask: Ask) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            begun = time.monotonic()
            with pytest.raises(Unreachable, match="cannot be reached"):
                ask(f"http://127.0.0.1:{free.getsockname()[1]}", timeout=0.5)
        assert time.monotonic() - begun < 5

    def test_a_server_that_says_nothing_is_given_up(self, ask: Ask) -> None:
        with socket.create_server(("127.0.0.1", 0)) as mute, pytest.raises(Unreachable):
            ask(f"http://127.0.0.1:{mute.getsockname()[1]}", timeout=0.3)

    @pytest.mark.parametrize("head", ["Content-Length: 400\r\n\r\n", "X-Long: "], ids=["body", "header"])
    def test_so_is_one_that_speaks_letter_by_letter(self, ask: Ask, head: str) -> None:
        def spelled() -> Iterator[bytes]:
            yield f"HTTP/1.1 200 OK\r\n{head}".encode()
            for _ in range(400):
                time.sleep(0.05)
                yield b"x"

        with serving(Reply(raw=spelled())) as server, pytest.raises(Unreachable, match=r"not answered within 0\.5 sec"):
            ask(server.url, timeout=0.5)

    def test_without_httpx_the_remedy_is_named(self) -> None:
        code = "import sys; sys.modules['httpx2'] = None; import discern; discern.Client('http://a')"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert 'pip install "discern-vision[client]"' in done.stderr


class TestAskingAgain:
    @pytest.mark.parametrize("status", [429, 502, 503, 504])
    def test_what_may_pass_is_asked_again(self, ask: Ask, status: int) -> None:
        with serving(refusal(status, "overloaded"), GOOD) as server:
            assert ask(server.url).label == "red"
        assert len(server.asked) == 2

    def test_a_cut_connection_is_asked_again(self, ask: Ask) -> None:
        with serving(CUT, CUT, GOOD) as server:
            assert ask(server.url).label == "red"
        assert {asked.body for asked in server.asked} == {b"x"}

    def test_not_before_the_server_allows(self, ask: Ask) -> None:
        with serving(refusal(503, "overloaded", Retry_After="1"), GOOD) as server:
            begun = time.monotonic()
            ask(server.url)
        assert time.monotonic() - begun >= 1

    def test_a_wait_that_is_too_long_is_not_begun(self, ask: Ask) -> None:
        refused = refusal(429, "rate_exceeded", Retry_After="3600")
        with serving(refused) as server, pytest.raises(errors.RateExceeded) as raised:
            ask(server.url)
        assert raised.value.retry_after == 3600
        assert len(server.asked) == 1

    @pytest.mark.parametrize("said", ["Wed, 21 Oct 2030 07:28:00 +99999999999999999999", "nan", "-5"])
    def test_nonsense_about_when_is_passed_over(self, ask: Ask, said: str) -> None:
        with serving(refusal(503, "overloaded", Retry_After=said), GOOD) as server:
            assert ask(server.url).label == "red"

    def test_the_last_refusal_is_raised_when_time_is_over(self, ask: Ask) -> None:
        with serving(refusal(503, "overloaded")) as server, pytest.raises(errors.Overloaded):
            ask(server.url, timeout=1)
        assert 1 < len(server.asked) < 8


class TestMany:
    def test_answers_come_in_order_with_errors_in_their_place(self, ask_many: AskMany) -> None:
        def reply(asked: Asked) -> Reply:
            number = int(asked.body)
            time.sleep(0.02 * (number % 3))
            return refusal(422, "damaged") if number == 4 else Reply(body=ANSWER | {"id": asked.body.decode()})

        with serving(reply) as server:
            answers = ask_many(server.url, [str(number).encode() for number in range(20)])
        told = [answer.id if isinstance(answer, Prediction) else answer.code for answer in answers]
        assert told == [*map(str, range(4)), "damaged", *map(str, range(5, 20))]

    def test_several_are_under_way_but_never_more(self, ask_many: AskMany) -> None:
        together, most, counting = 0, 0, threading.Lock()

        def reply(asked: Asked) -> Reply:
            nonlocal together, most
            with counting:
                together += 1
                most = max(most, together)
            time.sleep(0.02)
            with counting:
                together -= 1
            return GOOD

        with serving(reply) as server:
            assert len(ask_many(server.url, [b"x"] * 30, at_once=3)) == 30
        assert 1 < most <= 3

    def test_a_picture_that_a_proxy_finds_too_large_keeps_its_place(self, ask_many: AskMany) -> None:
        def reply(asked: Asked) -> Reply:
            return Reply(status=413, body=b"<html>") if asked.body == b"large" else GOOD

        with serving(reply) as server:
            answers = ask_many(server.url, [b"x", b"large", b"x"])
        assert [type(answer) for answer in answers] == [Prediction, errors.PictureTooLarge, Prediction]

    def test_a_refusal_of_all_ends_it(self, ask_many: AskMany) -> None:
        with serving(refusal(401, "unauthorized")) as server, pytest.raises(errors.Unauthorized):
            ask_many(server.url, [b"x"] * 500)
        assert len(server.asked) < 100

    def test_pictures_are_taken_as_they_are_needed(self) -> None:
        taken = []

        def pictures() -> Iterator[bytes]:
            for number in range(1000):
                taken.append(number)
                yield b"x"

        with serving(GOOD) as server, Client(server.url, at_once=2) as client:
            next(client.predict(pictures()))
        assert len(taken) < 20
