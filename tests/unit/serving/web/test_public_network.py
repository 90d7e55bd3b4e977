"""Connections are made to permitted addresses only, and closed whatever happens."""

import asyncio

import httpcore2
import pytest

from discern.errors import BadRequest
from discern.serving.web.public_network import PublicNetwork
from discern.serving.web.url_fetch import UrlFetcher
from tests.unit.serving.web.test_url_fetch import lookup, ok, server


async def connect(*addresses: str, port: int) -> None:
    network = PublicNetwork(lookup(*addresses), lambda address: address != "127.0.0.9")
    await (await network.connect_tcp("picture.example", port, 20)).aclose()


def connected(*addresses: str) -> None:
    async def run() -> None:
        async with server(lambda _: ok(b"")) as port:
            await connect(*addresses, port=port)

    asyncio.run(run())


def test_the_next_address_is_tried_if_one_refuses() -> None:
    connected("127.0.0.1")
    connected("127.0.0.2", "::1", "127.0.0.1")


def test_few_addresses_are_tried() -> None:
    with pytest.raises(httpcore2.ConnectError):
        connected("127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.1")


@pytest.mark.parametrize("addresses", [[], ["127.0.0.9"], ["127.0.0.1", "127.0.0.9"]])
def test_no_connection_is_made_if_one_address_is_not_permitted(addresses: list[str]) -> None:
    with pytest.raises(BadRequest, match="not on the public internet"):
        connected(*addresses)


def test_a_tls_handshake_that_stalls_is_given_up() -> None:
    async def run() -> None:
        async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        listening = await asyncio.start_server(stall, "127.0.0.1", 0)
        async with listening:
            port = listening.sockets[0].getsockname()[1]
            fetcher = UrlFetcher(max_bytes=1000, ports=(port,), is_allowed=lambda _: True, timeout=0.3)
            try:
                await fetcher.fetch(f"https://localhost:{port}/")
            finally:
                await fetcher.close()
                await asyncio.sleep(0.01)

    # A socket that stays open would also be a warning.
    with pytest.raises(BadRequest, match=r"within 0\.3 s"):
        asyncio.run(run())
