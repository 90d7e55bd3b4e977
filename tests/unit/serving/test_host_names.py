"""Host names: read as the Host header has them, and nothing else."""

import pytest

from discern.errors import UsageError
from discern.serving.config import ServeConfig
from discern.serving.host_names import Host, is_loopback, parse_host


@pytest.mark.parametrize(
    ("text", "name", "port"),
    [
        ("localhost", "localhost", None),
        ("LocalHost.:8000", "localhost", 8000),
        ("127.0.0.1:80", "127.0.0.1", 80),
        ("[::1]", "::1", None),
        ("[0:0::1]:9", "::1", 9),
        ("a-b.example:", "a-b.example", None),
    ],
)
def test_hosts_are_read(text: str, name: str, port: int | None) -> None:
    assert parse_host(text) == Host(name=name, port=port)


@pytest.mark.parametrize(
    "text",
    [
        "", ".", "a..b", "localhost..", "user@localhost", "a:b@localhost", "localhost:80:80", "localhost:x", "[::1",
        "[::1%25lo]", "[fe80::1%lo]", "localhost/", "local host", "localhost,evil.example", "[::1].", "a\tb",
        "localhost:123456", "a" * 301, "[1]", "-a", "localhost\n", "::1", "é.example",
    ],
)  # fmt: skip
def test_anything_else_is_not_a_host(text: str) -> None:
    assert parse_host(text) is None


def test_loopback_addresses_are_known() -> None:
    assert all(map(is_loopback, ("localhost", "LOCALHOST.", "127.0.0.1", "127.9.9.9", "::1")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.0.2.1", "localhost.example", "")))


def test_allowed_hosts_are_normalised() -> None:
    given = ("Shop.Example.", "[2001:db8::0]")
    assert ServeConfig(bundles=("a",), allowed_hosts=given).allowed_hosts == ("shop.example", "2001:db8::")


@pytest.mark.parametrize("name", ["*", "https://shop.example", "shop.example:80", "", "a b"])
def test_invalid_names_are_rejected(name: str) -> None:
    with pytest.raises(UsageError, match="Invalid host name"):
        ServeConfig(bundles=("a",), allowed_hosts=(name,))
