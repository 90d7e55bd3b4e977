"""Private addresses are not connected to, unless their host is named."""

import asyncio

import pytest

from discern.collecting.downloads.download_error import DownloadError
from discern.collecting.downloads.guarded_network import GuardedNetwork
from tests.unit.collecting.downloads.web_server import web_server


def connect(host: str, port: int, *, allow: tuple[str, ...] = (), addresses: tuple[str, ...] | None = None) -> None:
    async def resolve(name: str, _: int) -> list[str]:
        if addresses is None:
            raise OSError(name)
        return list(addresses)

    async def attempt() -> None:
        stream = await GuardedNetwork(allow, resolve).connect_tcp(host, port, timeout=5)
        await stream.aclose()

    asyncio.run(attempt())


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1"])
def test_a_name_of_a_private_address_is_refused(address: str) -> None:
    with pytest.raises(DownloadError) as caught:
        connect("shop.example", 80, addresses=(address,))
    assert (caught.value.reason, caught.value.is_temporary) == ("private_address", False)
    assert "--allow-host shop.example" in caught.value.message


def test_one_private_address_among_public_ones_is_refused() -> None:
    with pytest.raises(DownloadError, match="not on the public internet"):
        connect("shop.example", 80, addresses=("93.184.215.14", "10.0.0.1"))


def test_a_host_that_is_named_is_connected_to() -> None:
    with web_server("127.0.0.1") as server:
        connect("127.0.0.1", server.port, allow=("127.0.0.1",))
        with pytest.raises(DownloadError):
            connect("127.0.0.1", server.port, allow=("localhost",), addresses=("127.0.0.1",))


def test_a_name_without_an_address_may_have_one_later() -> None:
    with pytest.raises(DownloadError, match="cannot be resolved") as caught:
        connect("shop.example", 80)
    assert caught.value.is_temporary
