"""Host names and ports, as the Host header of HTTP has them.

Importing this module loads no library.
"""

import ipaddress
import re
from dataclasses import dataclass

_NAME = r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?"
_HOST = re.compile(rf"(?:\[(?P<ipv6>[0-9a-f:.]+)\]|(?P<name>{_NAME}(?:\.{_NAME})*)\.?)(?::(?P<port>[0-9]{{0,5}}))?")
_MAX_LENGTH = 300  # names have 253 characters at most


@dataclass(frozen=True, kw_only=True)
class Host:
    """Host name or address, with an optional port.

    Attributes:
        name: in lower case and without a final dot; IPv6 addresses in their shortest form, without brackets.
        port: None if there is none.
    """

    name: str
    port: int | None


def parse_host(text: str) -> Host | None:
    """Parse a host with an optional port, or return None if the text is anything else.

    >>> parse_host("LOCALHOST.:8000"), parse_host("[0::1]"), parse_host("user@localhost")
    (Host(name='localhost', port=8000), Host(name='::1', port=None), None)
    """
    match = _HOST.fullmatch(text.lower()) if len(text) <= _MAX_LENGTH else None
    if match is None:
        return None
    try:
        name = match["name"] or str(ipaddress.IPv6Address(match["ipv6"]))
    except ValueError:
        return None
    return Host(name=name, port=int(match["port"]) if match["port"] else None)


def is_loopback(name: str) -> bool:
    """Return True if a host name or address stands for this machine alone."""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name.lower().rstrip(".") == "localhost"
