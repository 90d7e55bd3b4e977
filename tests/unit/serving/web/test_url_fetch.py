"""A URL is fetched from the public internet alone, however it is disguised."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from discern.errors import BadRequest, DiscernError, RequestTooLarge
from discern.serving.web.url_fetch import UrlFetcher, is_public, resolve

Answer = Callable[[str], bytes]


def ok(body: bytes, *, head: str = "") -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode() + body


def moved(to: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()


@asynccontextmanager
async def server(answer: Answer, *, slowly: float = 0) -> AsyncIterator[int]:
    """A small HTTP server on loopback; gives its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            said = answer(head.split()[1])
            step = 10 if slowly else len(said) or 1
            for start in range(0, len(said), step):
                writer.write(said[start : start + step])
                await writer.drain()
                await asyncio.sleep(slowly)
        except OSError:
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1]


def fetched(answer: Answer, path: str = "/a.png", *, slowly: float = 0, **options: object) -> bytes:
    """What comes of fetching from a server that stands for the public internet."""

    async def run() -> bytes:
        async with server(answer, slowly=slowly) as port:
            fetcher = UrlFetcher(**{"max_bytes": 1000, "ports": (port,), "is_allowed": lambda _: True} | options)  # type: ignore[arg-type]
            try:
                return await fetcher.fetch(f"http://localhost:{port}{path}".replace("PORT", str(port)))
            finally:
                await fetcher.close()

    return asyncio.run(run())


def refused(url: str, **options: object) -> DiscernError:
    async def run() -> None:
        fetcher = UrlFetcher(max_bytes=1000, **options)  # type: ignore[arg-type]
        try:
            await fetcher.fetch(url)
        finally:
            await fetcher.close()

    with pytest.raises(DiscernError) as caught:
        asyncio.run(run())
    return caught.value


def lookup(*addresses: str) -> Callable[[str, int], Awaitable[list[str]]]:
    async def look_up(_: str, __: int) -> list[str]:
        return list(addresses)

    return look_up


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:4700::1111"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
        "192.0.0.192", "168.63.129.16", "100.100.100.200", "fec0::1", "64:ff9b:1::1", "::127.0.0.1",
        "::ffff:0:127.0.0.1",
        "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "localhost", "",
    ],
)  # fmt: skip
def test_private_addresses(address: str) -> None:
    assert not is_public(address)


def test_a_picture_is_fetched() -> None:
    assert fetched(lambda _: ok(b"a picture")) == b"a picture"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://localhost/", "http://[::1]/", "http://169.254.169.254/latest/meta-data/",
        "http://2130706433/", "http://0x7f.1/", "http://0/", "https://127.1/", "http://[::ffff:127.0.0.1]/",
    ],
)  # fmt: skip
def test_private_hosts_are_refused_however_they_are_written(url: str) -> None:
    assert isinstance(refused(url), BadRequest)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "ftp://example.org/a", "ftp://example.org:80/a", "ws://example.org:80/",
        "gopher://x", "data:image/png,AA", "http://", "//x", "x", "",
        "http://example.org:22/", "http://user:pass@example.org/", "http://example.org:x/", "http://exämple.org/",
        "http://[bad/", "http://a b/", "http://example.org\r\nX: y/",
    ],
)  # fmt: skip
def test_what_is_no_url_of_a_picture_is_refused(url: str) -> None:
    assert isinstance(refused(url, resolve=lookup("127.0.0.1")), BadRequest)


def test_a_redirect_is_followed_and_judged_anew() -> None:
    pages = {"/a.png": moved("/b.png"), "/b.png": ok(b"moved")}
    assert fetched(lambda path: pages[path]) == b"moved"


def test_a_redirect_to_a_private_address_is_refused() -> None:
    """The first host counts as public, what it redirects to does not."""

    async def look_up(host: str, _: int) -> list[str]:
        return ["127.0.0.1"] if host == "localhost" else ["10.0.0.7"]

    with pytest.raises(BadRequest, match="not on the public internet"):
        fetched(
            lambda _: moved("http://inside/"),
            resolve=look_up,
            is_allowed=lambda address: address == "127.0.0.1",
            ports=range(65536),
        )


@pytest.mark.parametrize("to", ["http://[bad", "ftp://localhost:PORT/x", "//[", "http://localhost:x/"])
def test_a_redirect_to_what_is_no_url_of_a_picture_is_refused(to: str) -> None:
    with pytest.raises(BadRequest):
        fetched(lambda _: moved(to))


def test_redirects_without_end_are_refused() -> None:
    with pytest.raises(BadRequest, match="redirected more than"):
        fetched(lambda _: moved("/again"))


def test_a_name_that_changes_its_address_gains_nothing() -> None:
    """The judge's address is the one that is connected to; nobody looks the name up again."""
    looked = []

    async def rebinding(_: str, __: int) -> list[str]:
        looked.append(1)
        return ["127.0.0.1"] if len(looked) == 1 else ["10.0.0.7"]

    judged: list[str] = []

    def allow(address: str) -> bool:
        judged.append(address)
        return address == "127.0.0.1"

    assert fetched(lambda _: ok(b"x"), resolve=rebinding, is_allowed=allow) == b"x"
    assert (len(looked), judged) == (1, ["127.0.0.1"])


def test_a_name_with_one_private_address_is_refused() -> None:
    assert "not on the public internet" in str(refused("http://mixed.example/", resolve=lookup("8.8.8.8", "10.0.0.1")))
    assert "not on the public internet" in str(refused("http://none.example/", resolve=lookup()))


def test_more_bytes_than_allowed_are_not_read() -> None:
    with pytest.raises(RequestTooLarge, match="more than 1,000 bytes"):
        fetched(lambda _: ok(b"x" * 5000))


def test_a_slow_server_is_given_up() -> None:
    with pytest.raises(BadRequest, match=r"within 0\.2 s"):
        fetched(lambda _: ok(b"x" * 900), slowly=0.05, seconds=0.2)


def test_other_answers_are_said() -> None:
    with pytest.raises(BadRequest, match="answers 404"):
        fetched(lambda _: b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    with pytest.raises(BadRequest, match="cannot be fetched"):
        fetched(lambda _: b"nonsense\r\n\r\n")


def test_nobody_there_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        error = refused(f"http://localhost:{port}/", ports=(port,), is_allowed=lambda _: True)
    assert "cannot be fetched" in str(error)


def test_an_unknown_host_is_said() -> None:
    async def unknown(_: str, __: int) -> list[str]:
        raise socket.gaierror

    assert "is not known" in str(refused("http://nowhere.example/", resolve=unknown))


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".example"])
def test_a_host_that_can_be_no_name_is_said(host: str) -> None:
    assert "is not known" in str(refused(f"http://{host}/x"))


def test_names_are_looked_up() -> None:
    assert "127.0.0.1" in asyncio.run(resolve("localhost", 80)) + asyncio.run(resolve("127.0.0.1", 80))


def test_certificates_are_checked() -> None:
    context = ssl.create_default_context()
    assert context.verify_mode == ssl.CERT_REQUIRED
