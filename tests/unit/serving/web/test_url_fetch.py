"""URL fetching: from the public internet only, however a URL is disguised."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from discern.errors import BadRequest, DiscernError, Overloaded, RequestTooLarge
from discern.serving.web.url_fetch import UrlFetcher

Respond = Callable[[str], bytes]


def ok(body: bytes, *, head: str = "") -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode() + body


def redirect(to: str) -> bytes:
    """A redirect; PORT stands for the server's own port."""
    return f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()


@asynccontextmanager
async def server(respond: Respond, *, delay: float = 0) -> AsyncIterator[int]:
    """Run a small HTTP server on loopback; gives its port."""

    handlers: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.add(asyncio.current_task())  # type: ignore[arg-type]
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            port = str(writer.get_extra_info("sockname")[1]).encode()
            response = respond(head.split()[1]).replace(b"PORT", port)
            step = 10 if delay else len(response) or 1
            for start in range(0, len(response), step):
                writer.write(response[start : start + step])
                await writer.drain()
                await asyncio.sleep(delay)  # the pace of the server
        except OSError:
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1]
        for handler in handlers:
            handler.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)
        await asyncio.sleep(0.01)  # until their connections are closed


def fetched(respond: Respond, path: str = "/a.png", *, delay: float = 0, **options: object) -> bytes:
    """Fetch from a local server that counts as public."""

    async def run() -> bytes:
        async with server(respond, delay=delay) as port:
            fetcher = UrlFetcher(**{"max_bytes": 1000, "ports": (port,), "is_allowed": lambda _: True} | options)  # type: ignore[arg-type]
            try:
                return await fetcher.fetch(f"http://localhost:{port}{path}".replace("PORT", str(port)))
            finally:
                await fetcher.close()

    return asyncio.run(run())


def rejection(url: str, **options: object) -> DiscernError:
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


def test_a_picture_is_fetched() -> None:
    assert fetched(lambda _: ok(b"a picture")) == b"a picture"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://localhost/", "http://[::1]/", "http://169.254.169.254/latest/meta-data/",
        "http://2130706433/", "http://0x7f.1/", "http://0/", "https://127.1/", "http://[::ffff:127.0.0.1]/",
    ],
)  # fmt: skip
def test_private_hosts_are_rejected_in_every_spelling(url: str) -> None:
    assert isinstance(rejection(url), BadRequest)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "ftp://example.org/a", "ftp://example.org:80/a", "ws://example.org:80/",
        "gopher://x", "data:image/png,AA", "http://", "//x", "x", "",
        "http://example.org:22/", "http://user:pass@example.org/", "http://example.org:x/", "http://exämple.org/",
        "http://[bad/", "http://a b/", "http://example.org\r\nX: y/",
    ],
)  # fmt: skip
def test_invalid_urls_are_rejected(url: str) -> None:
    assert isinstance(rejection(url, resolve=lookup("127.0.0.1")), BadRequest)


def test_a_redirect_is_followed() -> None:
    pages = {"/a.png": redirect("/b.png"), "/b.png": ok(b"moved")}
    assert fetched(lambda path: pages[path]) == b"moved"


@pytest.mark.parametrize(
    "to", ["http://inside/", "http://localhost:1/", "https://localhost:PORT/b.png", "//other.example/b.png"]
)
def test_a_redirect_to_another_place_is_rejected(to: str) -> None:
    """To another host, port or scheme; no other host is looked up."""

    async def look_up(host: str, _: int) -> list[str]:
        assert host == "localhost"
        return ["127.0.0.1"]

    with pytest.raises(BadRequest, match="redirects to another host, port or scheme") as rejected:
        fetched(lambda _: redirect(to), resolve=look_up, ports=range(65536))
    assert "final URL" in rejected.value.hint


def test_a_redirect_on_the_same_host_is_checked_again() -> None:
    """The first lookup gives an address that counts as public; the second does not."""
    lookups: list[str] = []

    async def rebinding(host: str, _: int) -> list[str]:
        lookups.append(host)
        return ["127.0.0.1"] if len(lookups) == 1 else ["10.0.0.7"]

    with pytest.raises(BadRequest, match="not on the public internet"):
        fetched(lambda _: redirect("/b.png"), resolve=rebinding, is_allowed=lambda address: address == "127.0.0.1")


@pytest.mark.parametrize("to", ["http://[bad", "ftp://localhost:PORT/x", "//[", "http://localhost:x/"])
def test_a_redirect_to_an_invalid_url_is_rejected(to: str) -> None:
    with pytest.raises(BadRequest):
        fetched(lambda _: redirect(to))


def test_endless_redirects_are_rejected() -> None:
    with pytest.raises(BadRequest, match="redirects more than"):
        fetched(lambda _: redirect("/again"))


def test_dns_rebinding_has_no_effect() -> None:
    """The checked address is connected to, without a second lookup."""
    lookups = []

    async def rebinding(_: str, __: int) -> list[str]:
        lookups.append(1)
        return ["127.0.0.1"] if len(lookups) == 1 else ["10.0.0.7"]

    checked: list[str] = []

    def allow(address: str) -> bool:
        checked.append(address)
        return address == "127.0.0.1"

    assert fetched(lambda _: ok(b"x"), resolve=rebinding, is_allowed=allow) == b"x"
    assert (len(lookups), checked) == (1, ["127.0.0.1"])


def test_a_host_with_one_private_address_is_rejected() -> None:
    assert "not on the public internet" in str(
        rejection("http://mixed.example/", resolve=lookup("8.8.8.8", "10.0.0.1"))
    )
    assert "not on the public internet" in str(rejection("http://none.example/", resolve=lookup()))


def test_a_large_picture_is_rejected() -> None:
    with pytest.raises(RequestTooLarge, match="larger than 1,000 bytes"):
        fetched(lambda _: ok(b"x" * 5000))


def test_a_slow_server_is_rejected() -> None:
    with pytest.raises(BadRequest, match=r"within 0\.2 s"):
        fetched(lambda _: ok(b"x" * 900), delay=0.05, timeout=0.2)


def test_other_statuses_are_rejected() -> None:
    with pytest.raises(BadRequest, match="responds with status 404"):
        fetched(lambda _: b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    with pytest.raises(BadRequest, match="cannot be fetched"):
        fetched(lambda _: b"nonsense\r\n\r\n")


def test_a_refused_connection_is_reported() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        error = rejection(f"http://localhost:{port}/", ports=(port,), is_allowed=lambda _: True)
    assert "cannot be fetched" in str(error)


def test_an_unknown_host_is_reported() -> None:
    async def unknown(_: str, __: int) -> list[str]:
        raise socket.gaierror

    assert "cannot be resolved" in str(rejection("http://nowhere.example/", resolve=unknown))


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".example"])
def test_an_invalid_host_is_reported(host: str) -> None:
    assert "cannot be resolved" in str(rejection(f"http://{host}/x"))


def test_certificates_are_checked() -> None:
    context = UrlFetcher(max_bytes=1000)._pool._ssl_context
    assert isinstance(context, ssl.SSLContext)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_a_name_that_is_not_resolved_in_time_is_rejected() -> None:
    async def never(_: str, __: int) -> list[str]:
        raise TimeoutError

    assert "cannot be resolved" in str(rejection("http://slow.example/", resolve=never))


def test_a_declared_size_is_checked_before_the_body_is_read() -> None:
    with pytest.raises(RequestTooLarge, match="larger than 1,000 bytes"):
        fetched(lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n")


def test_a_compressed_body_is_rejected() -> None:
    with pytest.raises(BadRequest, match="content encoding"):
        fetched(lambda _: ok(b"x", head="Content-Encoding: gzip\r\n"))
    assert fetched(lambda _: ok(b"x", head="Content-Encoding: identity\r\n")) == b"x"


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X-Name: value\r\n" * 100_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 5_000_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=" + b"x" * 5_000_000 + b"\r\nx\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * 1_000_000 + b"\r\n",
    ],
    ids=["many headers", "one header", "chunk extension", "trailers"],
)
def test_a_response_with_endless_headers_is_rejected(response: bytes) -> None:
    with pytest.raises(BadRequest, match="cannot be fetched"):
        fetched(lambda _: response, timeout=20)


def test_informational_responses_end_in_time() -> None:
    with pytest.raises(BadRequest):
        fetched(lambda _: b"HTTP/1.1 102 Processing\r\n\r\n" * 100_000, timeout=0.5)


def test_pictures_that_arrive_slowly_hold_a_limited_number_of_bytes() -> None:
    async def run() -> list[bytes | BaseException]:
        async with server(lambda _: ok(b"x" * 900), delay=0.004) as port:
            fetcher = UrlFetcher(max_bytes=1000, ports=(port,), is_allowed=lambda _: True, timeout=20)
            fetches = (fetcher.fetch(f"http://localhost:{port}/{number}") for number in range(10))
            fetched = await asyncio.gather(*fetches, return_exceptions=True)
            assert await fetcher.fetch(f"http://localhost:{port}/again")
            await fetcher.close()
            return fetched

    fetched = asyncio.run(run())
    assert {type(each) for each in fetched} == {bytes, Overloaded}
