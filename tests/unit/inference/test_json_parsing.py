"""JSON: long strings are taken out, content is limited, and other threads can run meanwhile."""

import base64
import json
import sys
import threading
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discern.errors import BadRequest, RequestTooLarge
from discern.inference.json_parsing import JsonLimits, parse_document, parse_json

FEW = JsonLimits(strings=20, lists=20, values=20)
LONG = bytes(range(256)) * 4096
HINT = "a hint"


def parse(body: bytes, limits: JsonLimits = FEW) -> Any:
    return parse_document(body, limits=limits, hint=HINT)


def decode(body: bytes) -> bytes:
    document = parse(body)
    return document.decode_base64(document.content["a"])


def test_json_is_parsed_up_to_a_number_of_values() -> None:
    assert parse_json(b'{"a": [1, 2]}', max_values=3, hint="") == {"a": [1, 2]}
    with pytest.raises(RequestTooLarge):
        parse_json(b'{"a": [1, 2]}', max_values=2, hint="")
    with pytest.raises(BadRequest, match="not valid JSON") as rejected:
        parse_json(b"nonsense", max_values=2, hint="a hint")
    assert rejected.value.hint == "a hint"


@pytest.mark.parametrize("size", [0, 1, 2, 3, 3000, 3072, 3075, 199_999, 500_000, len(LONG)])
@pytest.mark.parametrize(
    "escape",
    [
        lambda text: text,
        lambda text: text.replace("/", "\\/"),
        lambda text: text.replace("+", "\\u002B").replace("/", "\\u002f"),
        lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text),
        lambda text: "data:image\\/png;base64," + text,
    ],
)
def test_base64_is_decoded_however_it_is_escaped(size: int, escape: Any) -> None:
    text = escape(base64.b64encode(LONG[:size]).decode())
    assert decode(f'{{"a": "{text}"}}'.encode()) == LONG[:size]


@pytest.mark.parametrize("at", [0, 5, 4_000, 262_144, 262_145, 500_000])
@pytest.mark.parametrize("wrong", ["=", "==", "é", "\\ud800", "\\\\/", '\\"', "-", "\\u00e9"])
def test_characters_that_are_not_base64_are_rejected(at: int, wrong: str) -> None:
    text = "A" * at + wrong + "A" * (600_000 - at)
    with pytest.raises(ValueError):  # noqa: PT011 - of several classes
        decode(f'{{"a": "{text}"}}'.encode())


@pytest.mark.parametrize("size", [3, 3000, len(LONG)])
@pytest.mark.parametrize("end", ["\\r\\n", "\\n", "\n", "\r\n", " "])
def test_base64_may_be_wrapped_with_line_breaks_escaped_or_not(size: int, end: str) -> None:
    text = base64.b64encode(LONG[:size]).decode()
    wrapped = end.join(text[at : at + 76] for at in range(0, len(text), 76))
    assert decode(f'{{"a": "{wrapped}{end}"}}'.encode()) == LONG[:size]


@pytest.mark.parametrize("at", [5, 262_145, 500_001])
def test_a_blank_in_the_middle_of_a_group_is_rejected(at: int) -> None:
    with pytest.raises(ValueError, match=f"a blank at position {at}, perhaps in place of a plus sign"):
        decode(f'{{"a": "{"A" * at} {"A" * (600_000 - at)}"}}'.encode())


@pytest.mark.parametrize("wrong", ["\\x", "\\", "\\u12", "\\u12g4"])
def test_escape_sequences_that_are_not_json_are_rejected(wrong: str) -> None:
    body = f'{{"a": "{"A" * 300_000}{wrong}'
    with pytest.raises((ValueError, BadRequest)):
        decode(f'{body}", "b": 1}}'.encode())


def test_long_strings_are_told_from_their_replacements() -> None:
    long = "x" * 5000
    document = parse(json.dumps({"a": long, "b": "x", "c": [long]}).encode())
    names = [document.content["a"], document.content["c"][0]]
    assert [bytes(document.long_strings[name]) for name in names] == [long.encode()] * 2
    assert document.content["b"] not in document.long_strings
    with pytest.raises(RequestTooLarge, match="longer"):
        document.require_short("a", names[0])
    document.require_short("b", "x")
    document.require_short("b", 7)


LIMITED = {
    "many strings": b'["' + b'","' * 10_000 + b'"]',
    "many escaped quotation marks": b'["' + b'\\"' * 10_000 + b'"]',
    "many backslashes": b'["' + b"\\\\" * 10_000 + b'"]',
    "many objects": b"[" + b"{}," * 30 + b"{}]",
    "many keys": b"{" + b",".join(b'"%d":0' % number for number in range(50)) + b"}",
    "many lists": b"[" + b"[]," * 30 + b"[]]",
    "white space": b"[" + b" " * 1_000_000 + b"]",
    "digits": b"[" + b"1" * 1_000_000 + b"]",
    "a long float": b"1" * 1_000_000 + b".0",
}


@pytest.mark.parametrize("name", LIMITED)
def test_content_is_limited(name: str) -> None:
    with pytest.raises(RequestTooLarge):
        parse(LIMITED[name])


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b'"', b'{"a": "b', b"[NaN]", b"[-Infinity]", b"[" * 15, '{"a": 1}'.encode("utf-16"),
        '{"a": 1}'.encode("utf-32-le"), b'{"a": "\xff"}', b"[1] x", b"[" + b"9" * 70 + b"," + b" " * 1_100_000 + b"1]",
    ],
)  # fmt: skip
def test_anything_else_is_rejected_with_a_hint(body: bytes) -> None:
    with pytest.raises(BadRequest) as rejected:
        parse(body, JsonLimits(strings=300, lists=20, values=20))
    assert rejected.value.hint == HINT


@settings(max_examples=30)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda each: st.lists(each, max_size=3)))
def test_short_documents_are_parsed_as_usual(document: Any) -> None:
    roomy = JsonLimits(strings=1000, lists=1000, values=1000)
    for ascii_only in (True, False):
        assert parse(json.dumps(document, ensure_ascii=ascii_only).encode(), roomy).content == document


def test_other_threads_run_while_a_large_picture_is_decoded() -> None:
    """The waits are compared with a step that holds the interpreter, as machines differ."""
    body = b'{"a": "' + b"A" * 40_000_000 + b'"}'
    waits, done = [0.0], threading.Event()

    def watch() -> None:
        last = time.perf_counter()
        while not done.is_set():
            time.sleep(sys.getswitchinterval() / 10)
            now = time.perf_counter()
            waits.append(now - last)
            last = now

    watcher = threading.Thread(target=watch)
    watcher.start()
    started = time.perf_counter()
    assert len(decode(body)) == 30_000_000
    elapsed = time.perf_counter() - started
    done.set()
    watcher.join()
    assert len(waits) > 5
    assert max(waits) < elapsed
