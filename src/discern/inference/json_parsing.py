"""Functions that parse large JSON documents in short steps.

Python's parser holds the interpreter until it is done, and needs many times the memory of its input. So long strings,
such as base64 of pictures, are taken out of a document before it is parsed, and the rest of it is limited.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from discern.errors import BadRequest, RequestTooLarge
from discern.inference.base64_text import decode_base64

_LONG_BYTES = 4096  # not tuned: few strings other than pictures are longer
_CHUNK_BYTES = 1 << 18  # of base64 decoded at once: takes a millisecond
_STEPWISE_BYTES = 1 << 20  # larger documents are parsed in more but shorter steps
_BYTES_PER_VALUE = 24  # not tuned: a number of a few digits, its comma, a line break and its indentation
_MAX_DIGITS = 64
_MAX_BACKSLASHES = 64  # in a row before a quotation mark
_COMPLETE = re.compile(rb"(?:[^\\]++|\\u[0-9a-fA-F]{4}|\\[^u])*+", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class JsonLimits:
    """Limits on a JSON document.

    Attributes:
        strings: number of strings and of objects.
        lists: number of lists.
        values: number of values of any type.
    """

    strings: int
    lists: int
    values: int


@dataclass(frozen=True, kw_only=True)
class JsonDocument:
    """JSON document without its long strings.

    Attributes:
        content: the document, with a short random string in place of each long one.
        long_strings: the bytes between the quotation marks of each long string, by what replaces it.
    """

    content: Any
    long_strings: Mapping[str, memoryview]

    def require_short(self, name: str, value: object) -> None:
        """Reject a long string as a value that is not a picture."""
        if isinstance(value, str) and value in self.long_strings:
            raise RequestTooLarge(f"{name} is longer than {_LONG_BYTES:,} bytes.", hint="Send a shorter one.")

    def decode_base64(self, text: str) -> bytes:
        """Decode base64, which may be a data URL (see `base64_text.decode_base64`).

        Raises:
            ValueError: the text is not base64; the message names the position.
        """
        escaped = self.long_strings.get(text)
        return decode_base64([text.encode("utf-8", "surrogatepass")] if escaped is None else _unescape(escaped))

    def text(self, text: str) -> bytes:
        """Return the bytes of a string, which may be a long one.

        Raises:
            ValueError: it has an invalid escape sequence.
        """
        escaped = self.long_strings.get(text)
        return text.encode("utf-8", "surrogatepass") if escaped is None else b"".join(_unescape(escaped))


def parse_document(body: bytes, *, limits: JsonLimits, hint: str) -> JsonDocument:
    """Parse a JSON document with limited content.

    Raises:
        BadRequest: the body is not valid JSON in UTF-8.
        RequestTooLarge: it has more values than the limits allow, or too long ones.
    """
    if not json.detect_encoding(body[:4]).startswith("utf-8"):
        raise BadRequest("The JSON body is not in UTF-8.", hint=hint)
    prefix, parts, at = os.urandom(16).hex(), [], 0
    long_strings: dict[str, memoryview] = {}
    for begin, end in _long_strings(body, limits.strings):
        name = f"{prefix}.{len(long_strings)}"
        long_strings[name] = memoryview(body)[begin:end]
        parts += [body[at:begin], name.encode()]
        at = end
    rest = b"".join([*parts, body[at:]])
    for marks, most in ((b"{", limits.strings), (b":", 2 * limits.strings), (b"[", limits.lists)):
        if rest.count(marks) > most:
            raise _too_many(most)
    if len(rest) > _LONG_BYTES * (limits.strings + 1) + _BYTES_PER_VALUE * limits.values:
        raise RequestTooLarge("The JSON body has too many spaces or digits.", hint="Send it in compact form.")
    content = parse_json(rest, max_values=limits.values, hint=hint)
    return JsonDocument(content=content, long_strings=long_strings)


def parse_json(body: bytes, *, max_values: int, hint: str) -> Any:
    """Parse a JSON document with a limited number of values.

    Values are counted first, by brackets and commas, of which base64 has none.

    Raises:
        BadRequest: the body is not valid JSON.
        RequestTooLarge: it has more values.
    """
    if sum(body.count(mark) for mark in (b"{", b"[", b",")) > max_values:
        raise _too_many(max_values)
    # Functions of Python let other threads run between two numbers.
    stepwise = len(body) > _STEPWISE_BYTES
    try:
        return json.loads(
            body,
            strict=False,  # a shell puts base64 with line breaks between quotation marks as it is
            parse_constant=_reject_constant,
            parse_int=_parse_int if stepwise else None,
            parse_float=_parse_float if stepwise else None,
        )
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The body is not valid JSON: {str(error)[:120]}.", hint=hint) from error


def _long_strings(body: bytes, max_strings: int) -> Iterator[tuple[int, int]]:
    """Find the start and end of each long string between its quotation marks."""
    quotes, at = 0, 0
    while begin := body.find(b'"', at) + 1:
        end = begin - 1
        while (end := body.find(b'"', end + 1)) > 0:
            quotes += 1
            if quotes > max_strings + _LONG_BYTES:  # some may have quotation marks in them
                raise _too_many(max_strings)
            if not _is_escaped(body, begin, end):
                break
        if end < 0:
            return  # for `parse_json` to report
        if end - begin > _LONG_BYTES:
            yield begin, end
        at = end + 1


def _is_escaped(body: bytes, begin: int, at: int) -> bool:
    """Return True if an odd number of backslashes precedes a position in a string."""
    first = at
    while first > begin and body[first - 1] == ord("\\"):
        first -= 1
        if at - first > _MAX_BACKSLASHES:
            raise RequestTooLarge("The JSON body has too many backslashes.", hint="Send fewer.")
    return bool((at - first) % 2)


def _unescape(escaped: memoryview) -> Iterator[bytes]:
    """Replace the escape sequences in a JSON string of ASCII characters."""
    at = 0
    while at < len(escaped):
        chunk = bytes(escaped[at : at + _CHUNK_BYTES])
        if b"\\" in chunk:
            found = _COMPLETE.match(chunk)
            chunk = found[0] if found else b""
            if not chunk:
                raise ValueError("invalid escape sequence")
            yield json.loads(b'"%b"' % chunk, strict=False).encode("utf-8", "surrogatepass")
        else:
            yield chunk
        at += len(chunk)


def _parse_int(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise ValueError(f"a number has more than {_MAX_DIGITS} digits")
    return int(digits)


def _parse_float(digits: str) -> float:
    if len(digits) > _MAX_DIGITS:
        raise ValueError(f"a number has more than {_MAX_DIGITS} digits")
    return float(digits)


def _reject_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


def _too_many(most: int) -> RequestTooLarge:
    return RequestTooLarge(f"The JSON body has more than {most:,} values.", hint="Send fewer pictures at once.")
