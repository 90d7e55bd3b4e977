"""Utilities for parsing and validating server addresses."""

import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit, urlunsplit

from discern.errors import UsageError, shorten

_ENDPOINT = "/predict"
_HINT = "Write it like http://127.0.0.1:8000."


@dataclass(frozen=True, kw_only=True)
class Address:
    """Address of a Discern server with an optional model name and credentials.

    Attributes:
        base: scheme, host and any path before `/predict`, without trailing slash, user and password.
        model: name of the model; None for the server's default.
        login: user and password; None without.
    """

    base: str
    model: str | None
    login: tuple[str, str] | None = field(default=None, repr=False)

    @property
    def predict(self) -> str:
        """Return the URL of the server's prediction endpoint."""
        return self.base + _ENDPOINT

    @property
    def describe(self) -> str:
        """Return the URL of the server's model description."""
        return f"{self.base}/model"

    @property
    def is_loopback(self) -> bool:
        """Return True if the server is on this machine.

        >>> [read_address(url).is_loopback for url in ("http://localhost:80", "http://[::1]:80", "http://10.0.0.1")]
        [True, True, False]
        """
        host = urlsplit(self.base).hostname or ""
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host.rstrip(".") == "localhost" or host.rstrip(".").endswith(".localhost")

    @property
    def query(self) -> dict[str, str]:
        """Return the query parameters that select the model on the server."""
        return {} if self.model is None else {"model": self.model}


def is_address(value: object) -> bool:
    """Return True if a string is an HTTP address and False if it is a file path.

    >>> is_address("http://127.0.0.1:8000/predict"), is_address("runs/demo/model.discern")
    (True, False)
    """
    return isinstance(value, str) and value.lower().startswith(("http://", "https://"))


def read_address(url: str, model: str | None = None) -> Address:
    """Parse a server address with an optional endpoint path and model name.

    >>> read_address("https://user:secret@shop.example/fruit/predict?model=ripe")
    Address(base='https://shop.example/fruit', model='ripe')

    Raises:
        UsageError: the address is invalid.
    """
    if not isinstance(url, str):
        raise UsageError(f"Invalid server address: it is {type(url).__name__}, not text.", hint=_HINT)
    try:
        parts = urlsplit(url)
        valid = is_address(url) and bool(parts.hostname) and parts.port != 0 and not re.search(r"\s", parts.netloc)
    except (ValueError, AttributeError):
        valid = False
    if not valid:
        raise invalid_address(url)
    path = parts.path.rstrip("/").removesuffix(_ENDPOINT).rstrip("/")
    named = _model_of(url, parts.query, model)
    host = parts.netloc.rpartition("@")[2]
    return Address(base=urlunsplit((parts.scheme, host, path, "", "")), model=named, login=_login(parts))


def _model_of(url: str, query: str, model: str | None) -> str | None:
    """Return the model: the argument, or else the one that the query of the address names."""
    given = parse_qs(query, keep_blank_values=True)
    if others := sorted(given.keys() - {"model"}):
        # A parameter may be a key, so the query is not shown.
        raise invalid_address(url.partition("?")[0], f"its parameter {others[0][:80]!r} is not known; ?model=NAME is")
    named = list(dict.fromkeys(given.get("model", [])))
    if len(named) > 1:
        raise invalid_address(url, f"it names several models: {named[0][:80]!r} and {named[1][:80]!r}")
    return model or (named[0] if named else None)


def invalid_address(url: str, reason: str = "") -> UsageError:
    """Build the error for an invalid server address without exposing its credentials."""
    shown = re.sub(r"^(\w+://)?.*@", r"\1", str(url), flags=re.DOTALL)
    return UsageError(f"Invalid server address: {shorten(shown)!r}{reason and f' ({reason})'}.", hint=_HINT)


def _login(parts: SplitResult) -> tuple[str, str] | None:
    if parts.username is None:
        return None
    return unquote(parts.username), unquote(parts.password or "")
