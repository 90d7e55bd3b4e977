"""Clients behind proxies: the last address that is not a trusted proxy's counts."""

import pytest

from discern.serving.web.forwarded_client import TrustedProxies, network_of, parse_address

PROXIES = "192.0.2.1, 10.0.0.0/8,2001:db8:ffff::/48"


def client(proxies: str, *forwarded: str, peer: str = "192.0.2.1") -> str:
    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded]
    scope = {"type": "http", "client": (peer, 1), "scheme": "http", "headers": headers}
    TrustedProxies(proxies).apply(scope)
    return str(scope["client"][0])


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        (["203.0.113.7"], "203.0.113.7"),
        (["1.1.1.1, 203.0.113.7"], "203.0.113.7"),
        (["1.1.1.1", "203.0.113.7"], "203.0.113.7"),
        (["203.0.113.7, 10.1.2.3"], "203.0.113.7"),
        (["1.1.1.1, 203.0.113.7, 10.1.2.3, 10.3.2.1"], "203.0.113.7"),
        (["203.0.113.7:4711"], "203.0.113.7"),
        (["[2001:db8::7]:4711"], "2001:db8::7"),
        (["[2001:db8::7]"], "2001:db8::7"),
        (["2001:db8::7"], "2001:db8::7"),
        (["203.0.113.7, 2001:db8:ffff::1"], "203.0.113.7"),
        (["::ffff:203.0.113.7"], "203.0.113.7"),
        (["203.0.113.7, ::ffff:10.0.0.1"], "203.0.113.7"),
        (["10.0.0.9, 10.0.0.2"], "10.0.0.9"),
        (["fe80::1%made-up"], "fe80::1"),
    ],
)
def test_the_last_address_that_is_not_a_proxys_is_the_client(forwarded: list[str], expected: str) -> None:
    assert client(PROXIES, *forwarded) == expected


@pytest.mark.parametrize(
    "garbage", ["", "unknown", "_hidden", "a b", "203.0.113.7:x:y", "203.0.113.777", "é", "[", "1"]
)
def test_garbage_is_no_client(garbage: str) -> None:
    assert client(PROXIES, f"203.0.113.7, {garbage}") == "192.0.2.1"
    assert client(PROXIES, f"203.0.113.7, {garbage}, 10.0.0.2") == "10.0.0.2"
    assert client("*", f"203.0.113.7, {garbage}") == "192.0.2.1"


def test_others_are_not_believed() -> None:
    assert client(PROXIES, "203.0.113.7", peer="203.0.113.8") == "203.0.113.8"
    assert client("", "203.0.113.7") == "192.0.2.1"
    assert client(PROXIES, "203.0.113.7", peer="::ffff:192.0.2.1") == "203.0.113.7"
    assert client(PROXIES) == "192.0.2.1"


def test_with_all_trusted_the_last_address_counts() -> None:
    assert client("*", "1.1.1.1, 203.0.113.7", peer="198.51.100.1") == "203.0.113.7"


def test_a_long_list_is_read_from_its_end() -> None:
    assert client(PROXIES, ", ".join(["1.1.1.1", *["10.0.0.1"] * 5000])) == "10.0.0.1"


@pytest.mark.parametrize(
    ("given", "scheme"), [("https", "https"), ("HTTPS", "https"), ("javascript", "http"), ("", "http")]
)
def test_a_proxy_reports_the_scheme(given: str, scheme: str) -> None:
    scope = {"client": ("192.0.2.1", 1), "scheme": "http", "headers": [(b"x-forwarded-proto", given.encode())]}
    TrustedProxies(PROXIES).apply(scope)
    assert scope["scheme"] == scheme
    other = scope | {"client": ("192.0.2.2", 1), "scheme": "http"}
    TrustedProxies(PROXIES).apply(other)
    assert other["scheme"] == "http"


def test_networks_are_named_by_their_address() -> None:
    for text, name in (("192.0.2.1", "192.0.2.1"), ("2001:db8::7", "2001:db8::/64"), ("::1", "::/64")):
        address = parse_address(text)
        assert address is not None
        assert network_of(address) == name
