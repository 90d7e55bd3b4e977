"""Address of a file at the Hugging Face hub or a mirror, and the requests that may be sent to it."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

from discern.errors import BackboneError, UsageError

DEFAULT_ENDPOINT = "https://huggingface.co"
_PORTS = {"https": 443, "http": 80}
_TRUE = {"1", "on", "yes", "true"}
_PRINTABLE = re.compile(r"[!-~]+")
_ENDPOINT_HINT = f"Set it to an address such as {DEFAULT_ENDPOINT}, or unset it."


@dataclass(frozen=True, kw_only=True)
class HubFile:
    """File of a repository at a pinned commit.

    Attributes:
        name: name of the file in the cache, such as "dinov2-small.onnx".
        repository: owner and name of the repository.
        commit: full hash of the commit.
        path: path of the file in the repository.
        sha256: digest of its content.
        size: its bytes; None if they are not known.
    """

    name: str
    repository: str
    commit: str
    path: str
    sha256: str
    size: int | None


class Origin(NamedTuple):
    """Scheme, host and port of a server."""

    scheme: str
    host: str
    port: int

    @property
    def is_local(self) -> bool:
        """Check that the server is this machine."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Hub or mirror of it.

    Attributes:
        address: its address, without a final slash.
        origin: server to which the token may be sent.
        token: value of the bearer token; empty without one.
    """

    address: str
    origin: Origin
    token: str

    def url(self, file: HubFile) -> str:
        """Return the address of a file."""
        return f"{self.address}/{file.repository}/resolve/{file.commit}/{file.path}"

    def headers(self, url: str) -> dict[str, str]:
        """Return the headers that authorise a request, none for another server or a readable connection."""
        origin = read_origin(url)
        is_safe = origin.scheme == "https" or origin.is_local
        return {"Authorization": f"Bearer {self.token}"} if self.token and is_safe and origin == self.origin else {}

    def follow(self, url: str, location: str) -> str:
        """Resolve the target of a redirect.

        Raises:
            BackboneError: the target is missing, not an address, or less protected than the endpoint.
        """
        try:
            target = urljoin(url, location)
            origin = read_origin(target)
            is_valid = bool(location) and _PRINTABLE.fullmatch(target) and "@" not in urlsplit(target).netloc
        except ValueError:
            is_valid = False
        if not is_valid:
            raise BackboneError(f"{read_origin(url)} redirects to an invalid address.")
        if origin.scheme != "https" and self.origin.scheme == "https":
            raise BackboneError(f"{read_origin(url)} redirects to {origin} without encryption.")
        return target


def read_origin(url: str) -> Origin:
    """Read the scheme, host and port of an address.

    Raises:
        ValueError: it is not the address of a web server.
    """
    parts: SplitResult = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("not an address of a web server")
    return Origin(parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme])


def find_endpoint(environment: Mapping[str, str]) -> Endpoint:
    """Read the endpoint and the token from the environment variables `HF_ENDPOINT` and `HF_TOKEN`.

    Raises:
        UsageError: a variable has an invalid value, which is not quoted if it may be secret.
    """
    address = environment.get("HF_ENDPOINT", "").strip().rstrip("/") or DEFAULT_ENDPOINT
    token = environment.get("HF_TOKEN", "").strip()
    if "@" in address:
        raise UsageError(
            "HF_ENDPOINT contains a user name or a password.", hint="Omit them, and pass a token by HF_TOKEN."
        )
    if token and not _PRINTABLE.fullmatch(token):
        raise UsageError("HF_TOKEN contains characters that no token has.", hint="Copy the token again.")
    try:
        origin = read_origin(address)
    except ValueError as error:
        raise UsageError(f"HF_ENDPOINT is not an address: {address!r}.", hint=_ENDPOINT_HINT) from error
    if not _PRINTABLE.fullmatch(address) or "?" in address or "#" in address:
        raise UsageError(f"HF_ENDPOINT is not an address: {address!r}.", hint=_ENDPOINT_HINT)
    return Endpoint(address=address, origin=origin, token=token)


def is_offline(environment: Mapping[str, str]) -> bool:
    """Check whether `HF_HUB_OFFLINE` or `TRANSFORMERS_OFFLINE` forbids requests to the hub."""
    values = (environment.get(name, "") for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"))
    return any(value.strip().lower() in _TRUE for value in values)
