"""Rules of a `robots.txt` (RFC 9309).

Python's own parser takes the first rule that matches rather than the longest, and knows no wildcards.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes, urlsplit

AGENT = "discern"
"""Name of this program in rules."""

MAX_BYTES = 500 * 1024
"""Bytes of a file that are read; the RFC asks for this many at least."""

_LONGEST_DELAY = 60.0  # not tuned: seconds; a longer one would end no list
_NAME = re.compile(r"\*|[a-z_-]+")
_NUMBER = re.compile(r"\d{1,6}(?:\.\d{0,6})?|\.\d{1,6}")


@dataclass(frozen=True)
class Robots:
    """Rules for this program on one host.

    Attributes:
        rules: path pattern, and whether it allows, of each rule.
        delay: seconds between two requests.
    """

    rules: tuple[tuple[str, bool], ...] = ()
    delay: float = 0.0

    def allows(self, url: str) -> bool:
        """Check whether an address may be requested: by the longest pattern that matches; an allowing one wins."""
        parts = urlsplit(url)
        path = _normalise((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
        if path == "/robots.txt":
            return True
        matching = [(len(pattern), allows) for pattern, allows in self.rules if _matches(pattern, path)]
        return max(matching, default=(0, True))[1]


ALLOW_ALL = Robots()
"""Rules of a host without a `robots.txt`."""


def parse_robots(data: bytes, agent: str = AGENT) -> Robots:
    """Parse a `robots.txt`.

    The rules are those of all groups for the agent or, if there are none, of all groups for `*`.

    Args:
        data: the file; bytes after `MAX_BYTES` are ignored.
        agent: name of the program, in lower case.
    """
    own, general = _Group(), _Group()
    agents, in_rules = set[str](), False
    for key, value in _lines(data[:MAX_BYTES]):
        if key == "user-agent":
            name = _NAME.match(value.lower())
            agents = (set() if in_rules else agents) | ({name[0]} if name else set())
            in_rules = False
            own.exists = own.exists or agent in agents
            continue
        in_rules = in_rules or key in {"allow", "disallow", "crawl-delay"}
        for group in (own,) * (agent in agents) + (general,) * ("*" in agents):
            group.add(key, value)
    found = own if own.exists else general
    return Robots(rules=tuple(found.rules), delay=found.delay)


class _Group:
    def __init__(self) -> None:
        self.rules = list[tuple[str, bool]]()
        self.delay = 0.0
        self.exists = False

    def add(self, key: str, value: str) -> None:
        if key in {"allow", "disallow"} and value:
            self.rules.append((_normalise(value), key == "allow"))
        elif key == "crawl-delay" and _NUMBER.fullmatch(value):
            self.delay = min(float(value), _LONGEST_DELAY)


def _lines(data: bytes) -> Iterator[tuple[str, str]]:
    for line in data.decode("utf-8-sig", "replace").splitlines():
        key, colon, value = line.partition("#")[0].partition(":")
        if colon:
            yield key.strip().lower(), value.strip()


def _normalise(path: str) -> str:
    """Return a path or a pattern with one spelling of percent-encoded bytes."""
    return quote(unquote_to_bytes(path), safe="/?*$=&;:@!'(),+~")


def _matches(pattern: str, path: str) -> bool:
    """Match a pattern, in which `*` stands for any text and a final `$` for the end, in time linear in its stars."""
    is_whole = pattern.endswith("$")
    first, *rest = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    position = len(first)
    for piece in rest[:-1]:
        position = path.find(piece, position)
        if position < 0:
            return False
        position += len(piece)
    return _ends(path, position, rest, is_whole=is_whole)


def _ends(path: str, position: int, rest: Sequence[str], *, is_whole: bool) -> bool:
    if not rest:
        return not is_whole or position == len(path)
    if is_whole:
        return path.endswith(rest[-1]) and len(path) - len(rest[-1]) >= position
    return path.find(rest[-1], position) >= 0
