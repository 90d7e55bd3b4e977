"""Functions that tell public internet addresses from private and special ones."""

import ipaddress

_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
# From IANA's registries of special-purpose addresses, and those that clouds use within their networks.
_SPECIAL = [
    ipaddress.ip_network(each)
    for each in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        # Protocol assignments with Teredo, ORCHID and benchmarks; documentation; 6to4.
        "2001::/23", "2001:db8::/32", "3fff::/20", "2002::/16",
    )
]  # fmt: skip
_ISATAP = (0x00005EFE, 0x02005EFE)  # the upper half of an interface id that ends with an IPv4 address


def is_public(address: str) -> bool:
    """Return True if an IP address is public: an IPv6 address only as global unicast, without one of IPv4 within it.

    >>> is_public("93.184.215.14"), is_public("127.0.0.1"), is_public("::ffff:10.0.0.1")
    (True, False, False)
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        interface = int(parsed) & (2**64 - 1)
        if parsed not in _GLOBAL_UNICAST or parsed.scope_id is not None or interface >> 32 in _ISATAP:
            return False
    special = any(parsed in network for network in _SPECIAL if network.version == parsed.version)
    return parsed.is_global and not special
