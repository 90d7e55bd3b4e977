"""Address of the database that holds the trials of a study."""

import re
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Self
from urllib.parse import unquote

from discern.errors import UsageError

_HINT = "Write it like sqlite:///trials.db or postgresql://user@host/database, or leave it out for a file in the study."
_FORM = re.compile(r"(?P<kind>[A-Za-z0-9]+)(?:\+(?P<driver>\w+))?://(?P<rest>.*)", re.DOTALL)
_PASSWORD = re.compile(r"(?P<before>[^/@:?#]*:)(?P<password>.*)(?P<after>@[^@]*)", re.DOTALL)
_QUERY_PASSWORD = re.compile(r"(?<=[?&])(password|passwd|sslpassword)=([^&#]*)", re.IGNORECASE)
_KINDS = {"sqlite": "sqlite", "postgresql": "postgresql", "postgres": "postgresql"}
_DRIVER, _HIDDEN = "psycopg2", "***"


@dataclass(frozen=True)
class StorageAddress:
    """Address of a database, whose password is in no message.

    Attributes:
        url: the address with its password.
    """

    url: str = field(repr=False)

    @classmethod
    def checked(cls, url: str) -> Self:
        """Create an address from the URL that a user passed.

        Raises:
            UsageError: it is not the URL of a supported database, or its driver is not installed.
        """
        address = cls(url.strip())
        form = _FORM.fullmatch(address.url)
        kind = "" if form is None else _KINDS.get(form["kind"].lower(), "")
        if form is None or not kind:
            raise UsageError(f"Unknown storage: {address.hidden!r}.", hint=_HINT)
        if kind == "sqlite":
            _require_file(address.hidden, form["rest"])
            return address
        driver = form["driver"] or _DRIVER
        if find_spec(driver) is None:
            package = "psycopg2-binary" if driver == _DRIVER else driver
            raise UsageError(
                f"A PostgreSQL storage needs the driver {driver}, which is not installed.",
                hint=f"Install it: pip install {package}",
            )
        return cls(f"{kind}+{driver}://{form['rest']}")

    @property
    def hidden(self) -> str:
        """Return the address without its password."""
        scheme, mark, rest = self.url.partition("://")
        hosts, slash, path = _split_host(rest)
        found = _PASSWORD.fullmatch(hosts)
        shown = hosts if found is None else f"{found['before']}{_HIDDEN}{found['after']}"
        return _QUERY_PASSWORD.sub(rf"\1={_HIDDEN}", f"{scheme}{mark}{shown}{slash}{path}")

    def redact(self, text: str) -> str:
        """Return a text without the password of this address, as in an error of its driver."""
        for secret in sorted(self._secrets(), key=len, reverse=True):
            text = text.replace(secret, _HIDDEN)
        return text

    def _secrets(self) -> set[str]:
        found = _PASSWORD.fullmatch(_split_host(self.url.partition("://")[2])[0])
        written = [] if found is None else [found["password"]]
        written += [each[2] for each in _QUERY_PASSWORD.finditer(self.url)]
        return {form for each in written for form in (each, unquote(each)) if form}


def _require_file(shown: str, rest: str) -> None:
    if not rest.startswith("/"):
        raise UsageError(f"Invalid storage: {shown!r}.", hint=_HINT)
    if rest.split("?", maxsplit=1)[0] in ("/", "/:memory:"):
        raise UsageError("Trials in memory cannot be shared by workers, nor resumed.", hint=_HINT)


def _split_host(rest: str) -> tuple[str, str, str]:
    """Split what follows the scheme at the slash behind the host; a password may contain slashes."""
    at = rest.rfind("@")
    slash = rest.find("/", at + 1)
    return (rest, "", "") if slash < 0 else (rest[:slash], "/", rest[slash + 1 :])
