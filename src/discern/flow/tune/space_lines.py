"""Line of a key in the text of a TOML file, for messages."""

import re
from collections.abc import Sequence


class SpaceLines:
    """Lines of a TOML file in which keys are searched.

    Args:
        path: name of the file in messages.
        text: the content of the file.
    """

    def __init__(self, path: str, text: str) -> None:
        self.path, self._lines = path, text.splitlines()

    def place(self, *keys: str) -> str:
        """Return the file with the line of a key, such as `space.toml, line 3`; keys are those of nested tables."""
        number = self._find(keys)
        return self.path if number is None else f"{self.path}, line {number}"

    def _find(self, keys: Sequence[str]) -> int | None:
        for depth in range(len(keys), 0, -1):
            start = self._find_header(keys[:depth])
            if depth == len(keys) and start is not None:
                return start
            rest = keys[depth:]
            found = self._find_key(rest, (start or 0) if rest else 0) if rest and start is not None else None
            if found is not None:
                return found
        return self._find_key(keys, 0)

    def _find_header(self, keys: Sequence[str]) -> int | None:
        name = r"\s*\.\s*".join(_quotable(key) for key in keys)
        header = re.compile(rf"\s*\[\s*{name}\s*\]")
        return next((number for number, line in enumerate(self._lines, 1) if header.match(line)), None)

    def _find_key(self, keys: Sequence[str], after: int) -> int | None:
        """Find a key, a dotted key, or a key of a table in braces; else the first part of it."""
        for depth in range(len(keys), 0, -1):
            name = r"\s*\.\s*".join(_quotable(key) for key in keys[:depth])
            key = re.compile(rf"\s*{name}\s*[.=]")
            for number, line in enumerate(self._lines[after:], after + 1):
                if after and line.lstrip().startswith("["):
                    break
                if key.match(line):
                    return number
        return after or None


def _quotable(key: str) -> str:
    return rf"[\"']?{re.escape(key)}[\"']?"
